"""The topics that messages go to: those that are missing are created; how much each takes."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it declares no exports
    AdminClient,
    ConfigResource,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from contracts.errors import UnavailableError
from contracts.kafka_security import Refusal

SIZE_LIMIT = "max.message.bytes"
LARGEST_MESSAGE = 2 * 1024 * 1024
"""What the topics that are created here take."""
CONNECT_SECONDS = 15


def size_limits(
    cluster: Mapping[str, str], topics: Sequence[str], partitions: int
) -> tuple[int, int]:
    """Create the topics that are missing; the smallest and the largest message limit of all.

    Raises:
        UnavailableError: No broker answers, or it does not let us in.
    """
    refusal = Refusal()
    options: dict[str, Any] = {**cluster, "log_level": 0, "error_cb": refusal}
    admin = AdminClient(options)
    try:
        _create_missing(admin, topics, partitions)
        limits = [_size_limit(admin, topic) for topic in topics]
    except (KafkaException, TimeoutError) as error:
        servers = cluster["bootstrap.servers"]
        admin.poll(0)
        if advice := refusal.advice():
            raise UnavailableError(f"Kafka at {servers} does not let us in: {advice}") from error
        raise UnavailableError(
            f"no Kafka broker answers at {servers} ({_told(error)}): start one, or give "
            "--kafka HOST:PORT"
        ) from error
    return min(limits), max(limits)


def _create_missing(admin: AdminClient, topics: Sequence[str], partitions: int) -> None:
    standing = admin.list_topics(timeout=CONNECT_SECONDS).topics
    missing = [
        NewTopic(
            topic,
            num_partitions=partitions,
            config={"message.timestamp.type": "LogAppendTime", SIZE_LIMIT: str(LARGEST_MESSAGE)},
        )
        for topic in topics
        if topic not in standing
    ]
    for created in admin.create_topics(missing).values() if missing else ():
        try:
            created.result(CONNECT_SECONDS)
        except KafkaException as error:
            # Landing, or another simulator, may start in the same moment.
            if _code(error) != KafkaError.TOPIC_ALREADY_EXISTS:
                raise


def _size_limit(admin: AdminClient, topic: str) -> int:
    """A topic's limit; of one whose settings we may not read, that of topics created here."""
    resource = ConfigResource(ResourceType.TOPIC, topic)
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        (described,) = admin.describe_configs([resource]).values()
        try:
            return int(described.result(CONNECT_SECONDS)[SIZE_LIMIT].value or LARGEST_MESSAGE)
        except KafkaException as error:
            if _code(error) == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                return LARGEST_MESSAGE
            # The broker that we ask hears of a new topic a little later than the one that made it.
            is_new = _code(error) == KafkaError.UNKNOWN_TOPIC_OR_PART
            if not is_new or time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _code(error: KafkaException) -> int:
    return int(error.args[0].code())


def _told(error: KafkaException | TimeoutError) -> str:
    return str(error.args[0].str()) if isinstance(error, KafkaException) else "no answer in time"
