"""The Kafka that a local run uses: the configured one, or a broker of its own."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager

from confluent_kafka import Consumer, TopicPartition

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from local import processes
from local.workspace import Workspace

READY_SECONDS = 300
"""Longest wait for the broker; on the first start its jars are downloaded."""


@contextmanager
def broker(workspace: Workspace, environment: Mapping[str, str], port: int) -> Iterator[str]:
    """Kafka with our topics, as its bootstrap servers; our own ends with the block.

    `port` is for a broker of our own; 0 takes any free one.

    Raises:
        StationFailedError: It cannot be reached, or not be started.
    """
    command = [sys.executable, "-m", "streaming.broker"]
    log = workspace.log("broker")
    configured = environment.get("KAFKA_BOOTSTRAP_SERVERS", "")
    if configured:
        processes.run(command, environment, log)
        yield configured
        return
    with processes.running([*command, "--port", str(port)], environment, log) as server:
        processes.wait_until(workspace.address_file.exists, server, log, READY_SECONDS)
        yield workspace.address_file.read_text().strip()


def refuse_messages(servers: str) -> None:
    """Make sure that the demo's counts will be its own.

    Raises:
        ConfigurationError: A topic of ours holds messages already.
    """
    with closing(Consumer({"bootstrap.servers": servers, "group.id": "musicflow"})) as consumer:
        topics = consumer.list_topics(timeout=10).topics
        for event in EVENTS:
            for partition in topics[event.name].partitions:
                _, end = consumer.get_watermark_offsets(TopicPartition(event.name, partition))
                if end:
                    raise ConfigurationError(
                        f"the topic {event.name} at {servers} has had messages: the demo counts "
                        "its own, so delete the topic, or unset KAFKA_BOOTSTRAP_SERVERS"
                    )
