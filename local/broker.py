"""The Kafka that a local run uses: the configured one, or a broker of its own."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from contracts.errors import ConfigurationError, UnavailableError
from contracts.events import EVENTS
from contracts.kafka_security import KafkaSecurity
from local import processes
from local.workspace import Workspace

READY_SECONDS = 300
"""Longest wait for the broker; on the first start its jars are downloaded."""

NEW_TOPIC_SECONDS = 15
"""How long a new topic may take to find its leader."""


@dataclass(frozen=True, slots=True)
class Broker:
    """A Kafka that is ready: its addresses, and how to see that it still runs."""

    servers: str
    check: Callable[[], None]
    """Raises StationFailedError once a broker of our own has ended."""


@contextmanager
def broker(workspace: Workspace, environment: Mapping[str, str], port: int) -> Iterator[Broker]:
    """Kafka with our topics; our own ends with the block.

    `port` is for a broker of our own; 0 takes any free one.

    Raises:
        StationFailedError: It cannot be reached, or not be started.
    """
    command = [sys.executable, "-m", "streaming.broker"]
    log = workspace.log("broker")
    configured = environment.get("KAFKA_BOOTSTRAP_SERVERS", "")
    if configured:
        processes.run(command, environment, log)
        yield Broker(configured, lambda: None)
        return
    with processes.running([*command, "--port", str(port)], environment, log) as server:
        processes.wait_until(workspace.address_file.exists, server, log, READY_SECONDS)
        address = workspace.address_file.read_text().strip()
        yield Broker(address, lambda: processes.check_runs(server, log))


def refuse_messages(servers: str) -> None:
    """Make sure that the demo's counts will be its own.

    Raises:
        ConfigurationError: A topic of ours has had messages already.
        UnavailableError: Kafka does not answer.
    """
    security = KafkaSecurity.read(os.environ).as_librdkafka()
    options = {"bootstrap.servers": servers, "group.id": "musicflow", **security}
    with closing(Consumer(options)) as consumer:
        topics = consumer.list_topics(timeout=10).topics
        for event in EVENTS:
            for partition in topics[event.name].partitions:
                if _end(consumer, TopicPartition(event.name, partition)):
                    raise ConfigurationError(
                        f"the topic {event.name} at {servers} has had messages: the demo counts "
                        "its own, so delete the topic, or unset KAFKA_BOOTSTRAP_SERVERS"
                    )


def _end(consumer: Consumer, partition: TopicPartition) -> int:
    """End offset of a partition, which may have been created just now."""
    deadline = time.monotonic() + NEW_TOPIC_SECONDS
    while True:
        try:
            return int(consumer.get_watermark_offsets(partition, timeout=10)[1])
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise UnavailableError(f"Kafka does not say what {partition} holds") from error
