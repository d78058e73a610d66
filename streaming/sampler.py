"""Asking Kafka now and then what it holds, for the progress records."""

import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from contracts.errors import MusicFlowError, UnavailableError
from contracts.logs import log
from streaming.kafka import Cluster, Held
from streaming.progress import Sample
from streaming.query import TopicQuery
from streaming.settings import LandingSettings, interval_seconds

SAMPLES_PER_TRIGGER = 4


def take_samples(
    queries: Sequence[TopicQuery], at: datetime, held: Mapping[str, Mapping[int, Held]]
) -> None:
    """Tell each query's progress what Kafka holds; it was asked at `at` or later."""
    for query in queries:
        query.progress.sampled(Sample(at, held[query.event.name]))


class Sampler:
    """Takes samples several times a trigger, in a thread of its own."""

    def __init__(
        self,
        cluster: Cluster,
        partitions: Mapping[str, int],
        queries: Sequence[TopicQuery],
        settings: LandingSettings,
    ) -> None:
        """Ask `cluster` about the topics of `queries`."""
        self.failure: MusicFlowError | None = None
        """Why landing can't go on; Spark itself would ask a broker that is gone for ever."""
        self._cluster = cluster
        self._partitions = partitions
        self._queries = queries
        self._seconds = max(1.0, interval_seconds(settings.trigger) / SAMPLES_PER_TRIGGER)
        self._patience = settings.kafka_patience_seconds
        self._away_since: float | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-sampler", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while self.failure is None and not self._stopping.wait(self._seconds):
            try:
                self._sample()
            except UnavailableError as error:
                self._away(error)
            except MusicFlowError as error:
                self.failure = error

    def _sample(self) -> None:
        at = datetime.now(UTC)
        # Asked anew, because a topic may get more partitions while landing runs.
        known = self._cluster.partitions()
        held = self._cluster.held(
            {topic: known.get(topic, number) for topic, number in self._partitions.items()}
        )
        take_samples(self._queries, at, held)
        if self._away_since is not None:
            log.info("Kafka is back", seconds=round(time.monotonic() - self._away_since))
            self._away_since = None

    def _away(self, error: UnavailableError) -> None:
        """Say it once; give up when it lasts."""
        if self._away_since is None:
            self._away_since = time.monotonic()
            log.warning("progress is not known", problem=str(error))
        elif time.monotonic() - self._away_since > self._patience:
            self.failure = error
