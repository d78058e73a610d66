"""What an erasure does not reach, and until when it is there: Kafka, versions, copies."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from confluent_kafka import KafkaException
from confluent_kafka.admin import ConfigResource  # type: ignore[attr-defined]  # it is public

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from contracts.suppression import Suppressions
from musicflow_dagster.doctor.kafka import PATIENCE_SECONDS, kafka_client, servers_of
from musicflow_dagster.settings import Settings

FOR_EVER = "until somebody removes them"
MOST_MILLISECONDS = int(timedelta.max.total_seconds()) * 1000
"""Of a retention that a timedelta can hold."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """Something that an erasure leaves, and until when it stands."""

    where: str
    what: str
    until: str


def remains(settings: Settings, suppressed: Suppressions) -> Iterator[Remaining]:
    """What is left that may hold the user's events; landing takes none of it again.

    Of the lake and of Postgres landing says it itself.
    """
    if others := suppressed.let_in_again:
        yield Remaining(
            "the list",
            f"{others} others, at least, who were forgotten under a key that was lost: they are "
            "let in again",
            "until they are forgotten under the new key",
        )
    yield from _kafka(settings)
    if settings.target == "gcp":
        yield Remaining(
            "BigQuery",
            "rows as they stood before, by time travel and then in fail-safe storage",
            "time travel ends after 7 days (max_time_travel_hours of each dataset), fail-safe 7 "
            "days later",
        )
    inbox = f"files in {settings.inbox} and others" if settings.inbox else "files"
    yield Remaining("batch files", f"{inbox} that were landed as batches", FOR_EVER)
    yield Remaining("copies", "exports, backups, snapshots of disks, screenshots", FOR_EVER)


def _kafka(settings: Settings) -> Iterator[Remaining]:
    what = "messages with the user's id as they were sent"
    try:
        retentions = _retentions(settings)
    except (KafkaException, ConfigurationError) as error:
        why = error.args[0].str() if isinstance(error, KafkaException) else str(error)
        until = f"until each topic's retention.ms has passed (Kafka was not asked: {why})"
        yield Remaining("Kafka", what, until)
        return
    for topic in sorted({event.name for event in EVENTS}.difference(retentions)):
        until = "until its retention.ms has passed (Kafka doesn't show us the topic)"
        yield Remaining(f"Kafka topic {topic}", what, until)
    for topic, retention in sorted(retentions.items()):
        yield Remaining(f"Kafka topic {topic}", what, _until(retention))


def _until(retention: timedelta | None) -> str:
    if retention is None:
        return "for ever: its retention.ms is -1"
    try:
        end = datetime.now(UTC) + retention
    except OverflowError:
        return "for ever: its retention.ms is beyond all times"
    return f"about {end:%Y-%m-%d %H:%M} UTC (retention.ms), and until its segment is closed"


def _retentions(settings: Settings) -> dict[str, timedelta | None]:
    """How long each of our topics keeps messages; None for ever.

    Raises:
        KafkaException: Kafka doesn't answer.
        ConfigurationError: There is none that we know of, or its security is not configured.
    """
    servers = servers_of(settings.home)
    if servers is None:
        raise ConfigurationError("KAFKA_BOOTSTRAP_SERVERS is not set, and no local broker runs")
    client = kafka_client(servers, os.environ)
    there = client.list_topics(timeout=PATIENCE_SECONDS).topics
    asked = [
        ConfigResource(ConfigResource.Type.TOPIC, event.name)
        for event in EVENTS
        if event.name in there
    ]
    if not asked:
        return {}
    found = {}
    for topic, answer in client.describe_configs(asked, request_timeout=PATIENCE_SECONDS).items():
        milliseconds = int(answer.result(PATIENCE_SECONDS)["retention.ms"].value)
        limit = (
            timedelta.max
            if milliseconds > MOST_MILLISECONDS
            else timedelta(milliseconds=milliseconds)
        )
        found[topic.name] = None if milliseconds < 0 else limit
    return found
