"""Questions and orders to a Kafka cluster that are not about messages."""

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from confluent_kafka import (
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
    Uuid,
)
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # typed, two names forgotten
    AdminClient,
    NewTopic,
    OffsetSpec,
    TopicMetadata,
)

from contracts.errors import UnavailableError
from contracts.kafka_security import KafkaSecurity, Refusal

TOPIC_CONFIG = {
    # The broker's clock, so that a producer's wrong one can't expire messages early.
    "message.timestamp.type": "LogAppendTime",
    # Above the limit of an event, so that oversized ones arrive and are kept as rejects.
    "max.message.bytes": str(2 * 1024 * 1024),
}

LEADERS_WITHIN = 60.0
"""Seconds that a cluster may take until new partitions can be used: it may be busy."""

OPEN = KafkaSecurity()
"""A cluster that lets everybody in, such as the local broker."""

SILENT = logging.getLogger("streaming.kafka.client")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
"""For clients: their own log lines would go to stderr between ours; errors reach us anyway."""


@dataclass(frozen=True, slots=True)
class Held:
    """Offsets that one partition holds: from `start` to `end` (exclusive)."""

    start: int
    end: int


class Cluster:
    """A Kafka cluster; every call answers within `patience` seconds or raises."""

    def __init__(
        self,
        bootstrap_servers: str,
        patience: float = 10.0,
        security: KafkaSecurity = OPEN,
    ) -> None:
        """Talk to the cluster at `bootstrap_servers`; nothing is sent yet."""
        self.bootstrap_servers = bootstrap_servers
        self.patience = patience
        self._refusal = Refusal()
        options: dict[str, Any] = {
            "bootstrap.servers": bootstrap_servers,
            "error_cb": self._refusal,
            **security.as_librdkafka(),
        }
        self._admin = AdminClient(options, logger=SILENT)

    def partitions(self) -> dict[str, int]:
        """The number of partitions of each topic.

        Raises:
            UnavailableError: No broker answers.
        """
        return {name: len(topic.partitions) for name, topic in self._topics().items()}

    def partitions_of(self, topics: Iterable[str]) -> dict[str, int]:
        """The number of partitions of each of these topics.

        Raises:
            UnavailableError: No broker answers, or a topic does not exist.
        """
        wanted, known = list(topics), self.partitions()
        if missing := [topic for topic in wanted if topic not in known]:
            raise UnavailableError(
                f"Kafka at {self.bootstrap_servers} has no topic {', '.join(missing)}: create it "
                "with `python -m streaming.broker --topics-only`, or let our user Describe it"
            )
        return {topic: known[topic] for topic in wanted}

    def topic_ids(self, topics: Iterable[str]) -> dict[str, str]:
        """Ids of these topics: a topic that was created anew has another. Old brokers give none.

        Raises:
            UnavailableError: No broker answers.
        """
        asked = self._admin.describe_topics(
            TopicCollection(list(topics)), request_timeout=self.patience
        )
        try:
            ids = {
                topic: _hex(each.result(self.patience).topic_id) for topic, each in asked.items()
            }
        except (KafkaException, TimeoutError) as error:
            raise self._unreachable(error) from error
        return {topic: found for topic, found in ids.items() if int(found, 16)}

    def create_missing(self, topics: Iterable[str], partitions: int) -> list[str]:
        """Create those of `topics` that are not there, ready for use; the names of those.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        present = self.partitions()
        missing = [name for name in topics if name not in present]
        orders = [
            NewTopic(name, num_partitions=partitions, config=TOPIC_CONFIG) for name in missing
        ]
        if orders:
            for name, answer in self._admin.create_topics(orders).items():
                self._confirmed(name, answer)
            self._await_leaders(dict.fromkeys(missing, partitions))
        return missing

    def held(self, partitions: Mapping[str, int]) -> dict[str, dict[int, Held]]:
        """What each partition of these topics holds now; `partitions` as `partitions()` gives it.

        Raises:
            UnavailableError: No broker answers, or none leads one of the partitions.
        """
        places = [TopicPartition(t, p) for t, count in partitions.items() for p in range(count)]
        # Asked anew, for a client keeps for minutes what it was told, also that nobody leads.
        if leaderless := _without_leader(self._topics(), partitions):
            raise UnavailableError(
                f"Kafka at {self.bootstrap_servers} has no leader for each partition of "
                f"{', '.join(leaderless)}: try again; if it stays so, see the brokers' logs"
            )
        starts = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]  # as above
        ends = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]  # as above
        answer: dict[str, dict[int, Held]] = {topic: {} for topic in partitions}
        for (topic, partition), end in ends.items():
            answer[topic][partition] = Held(starts[topic, partition], end)
        return answer

    def commit_group(self, group: str, topic: str, ends: Mapping[int, int]) -> None:
        """Say that the consumer group `group` has read all before `ends` of a topic.

        Raises:
            UnavailableError: No broker answers, or it refuses.
        """
        places = [TopicPartition(topic, each, end) for each, end in ends.items()]
        order = ConsumerGroupTopicPartitions(group, places)
        answers = self._admin.alter_consumer_group_offsets([order], request_timeout=self.patience)
        try:
            (taken,) = (answer.result(self.patience) for answer in answers.values())
        except (KafkaException, TimeoutError) as error:
            raise _group_refused(group, _said(error)) from error
        if refused := [place.error for place in taken.topic_partitions if place.error]:
            raise _group_refused(group, refused[0].str())

    def _await_leaders(self, partitions: Mapping[str, int]) -> None:
        """A new partition can be read as soon as the brokers have agreed on its leader."""
        deadline = time.monotonic() + LEADERS_WITHIN
        while True:
            try:
                self.held(partitions)
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def _topics(self) -> dict[str, TopicMetadata]:
        """What the brokers say of each topic, asked now."""
        try:
            return self._admin.list_topics(timeout=self.patience).topics
        except KafkaException as error:
            raise self._unreachable(error) from error

    def _offsets(
        self, places: list[TopicPartition], which: OffsetSpec
    ) -> dict[tuple[str, int], int]:
        if not places:
            return {}
        asked = self._admin.list_offsets(
            dict.fromkeys(places, which), request_timeout=self.patience
        )
        try:
            return {
                (place.topic, place.partition): answer.result(self.patience).offset
                for place, answer in asked.items()
            }
        except (KafkaException, TimeoutError) as error:
            raise self._unreachable(error) from error

    def _confirmed(self, topic: str, answer: object) -> None:
        try:
            answer.result(self.patience)  # type: ignore[attr-defined]  # an untyped library's future
        except (KafkaException, TimeoutError) as error:
            if _code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                raise UnavailableError(
                    f"the topic {topic} could not be created at {self.bootstrap_servers}: "
                    f"{_said(error)}"
                ) from error

    def _unreachable(self, error: Exception) -> UnavailableError:
        self._admin.poll(0)
        if advice := self._refusal.advice():
            return UnavailableError(
                f"Kafka at {self.bootstrap_servers} does not let us in: {advice}"
            )
        return UnavailableError(
            f"no Kafka broker answers at {self.bootstrap_servers}: start one with "
            f"`python -m streaming.broker`, or set KAFKA_BOOTSTRAP_SERVERS ({_said(error)})"
        )


def _without_leader(known: Mapping[str, TopicMetadata], partitions: Mapping[str, int]) -> list[str]:
    """Those topics of which not every partition has a leader yet."""
    led = {
        name: sum(each.leader >= 0 for each in topic.partitions.values())
        for name, topic in known.items()
    }
    return [topic for topic, count in partitions.items() if led.get(topic, 0) < count]


def _code(error: Exception) -> int | None:
    return error.args[0].code() if isinstance(error, KafkaException) else None


def _hex(topic_id: Uuid) -> str:
    """The 128 bits of an id, which come as two signed halves."""
    halves = (
        topic_id.get_most_significant_bits(),  # type: ignore[attr-defined]  # as above
        topic_id.get_least_significant_bits(),  # type: ignore[attr-defined]  # as above
    )
    return "".join(f"{half % 2**64:016x}" for half in halves)


def _said(error: Exception) -> str:
    if isinstance(error, KafkaException):
        return str(error.args[0].str())
    return "no answer in time"


def _group_refused(group: str, why: str) -> UnavailableError:
    return UnavailableError(f"Kafka did not take the offsets of the group {group}: {why}")
