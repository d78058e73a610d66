"""Kafka: does the broker answer, and does it have our topics."""

import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from contracts.kafka_security import KafkaSecurity
from musicflow_dagster.doctor.finding import Finding

PATIENCE_SECONDS = 5
START = "`python -m streaming.broker` or `make dev`"


def kafka(home: Path) -> Iterator[Finding]:
    """The cluster that KAFKA_BOOTSTRAP_SERVERS names, or the local broker; and its topics."""
    servers = servers_of(home)
    if servers is None:
        yield Finding("broker", f"no local broker runs; {START} starts one")
        return
    try:
        topics = _topics(servers)
    except ConfigurationError as error:
        yield Finding("broker", "its security is not configured", str(error))
    except KafkaException as error:
        what = f"{servers} does not answer: {error.args[0].str()}"
        yield Finding("broker", what, f"start it ({START}), or correct KAFKA_BOOTSTRAP_SERVERS "
                      "and KAFKA_SECURITY_PROTOCOL")  # fmt: skip
    else:
        yield Finding("broker", f"{servers} answers")
        yield _our_topics(topics)


def servers_of(home: Path) -> str | None:
    """The cluster that KAFKA_BOOTSTRAP_SERVERS names, or the local broker; None if neither."""
    servers = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    address = home / "kafka" / "address"
    if not servers and not address.exists():
        return None
    return servers or address.read_text().strip()


def kafka_client(servers: str, environment: Mapping[str, str]) -> AdminClient:
    """A client that asks `servers`, and says nothing by itself.

    Raises:
        ConfigurationError: Security is not configured as it has to be.
    """
    silent = logging.getLogger("musicflow.doctor.kafka")
    silent.addHandler(logging.NullHandler())
    silent.propagate = False
    security = KafkaSecurity.read(environment).as_librdkafka()
    return AdminClient({"bootstrap.servers": servers, **security}, logger=silent)


def _topics(servers: str) -> Mapping[str, int]:
    """Partitions of each topic of the cluster."""
    found = kafka_client(servers, os.environ).list_topics(timeout=PATIENCE_SECONDS)
    return {name: len(topic.partitions) for name, topic in found.topics.items()}


def _our_topics(topics: Mapping[str, int]) -> Finding:
    missing = [event.name for event in EVENTS if event.name not in topics]
    if missing:
        return Finding(
            "topics",
            f"the cluster lacks {', '.join(missing)}",
            "`python -m streaming.broker` makes those that are missing",
        )
    counts = ", ".join(f"{event.name} {topics[event.name]}" for event in EVENTS)
    return Finding("topics", f"all there, with partitions: {counts}")
