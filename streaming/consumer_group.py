"""Consumer groups that show in Kafka's own tools how far landing is; nothing reads them here."""

from collections.abc import Mapping

from contracts.errors import UnavailableError
from contracts.logs import log
from streaming.kafka import Cluster

FAILURES_TO_TELL = 2


class ShownOffsets:
    """The offsets of one group per topic, brought to where the lake ends."""

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        """A group's name is its topic's, behind `prefix`."""
        self._cluster = cluster
        self._prefix = prefix
        self._shown: dict[str, Mapping[int, int]] = {}
        self._failures = 0

    def show(self, ends: Mapping[str, Mapping[int, int]]) -> None:
        """Commit the topics' `ends` to their groups where they differ.

        What fails is tried again at the next call; when that fails too, it is said, once.
        """
        new = {topic: each for topic, each in ends.items() if each != self._shown.get(topic, {})}
        for topic, offsets in new.items():
            group = f"{self._prefix}{topic}"
            try:
                self._cluster.commit_group(group, topic, offsets)
            except UnavailableError as error:
                self._failures += 1
                # A new cluster first has to find somebody who keeps groups.
                if self._failures == FAILURES_TO_TELL:
                    log.warning("Kafka's tools do not show the lag", problem=str(error))
                return
            self._shown[topic] = dict(offsets)
            self._failures = 0
