"""The demo: the main job end to end, once, and the proof that every event is accounted for."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from confluent_kafka import Consumer, TopicPartition
from rich.console import Console

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from contracts.progress import read_progress
from contracts.store import disk_error, open_store
from local import processes
from local.inputs import first_hour
from local.outcome import outcome, topic_counts
from local.report import Report
from local.screen import Screen
from local.workspace import Workspace

USERS = 160_000
"""Listeners: with the built-in model a little over a million messages in 24 hours."""
START = datetime(2026, 1, 6, tzinfo=UTC)
END = datetime(2026, 1, 7, tzinfo=UTC)
"""A fixed day, so that every run of the demo has the same events."""
POISON_RATE = 0.005
RESEND_RATE = 0.005
SEED = 1
MARKER = ".musicflow-demo"
"""Stands in a folder that a demo made, and that the next one may therefore empty."""
READY_SECONDS = 240
"""Longest wait for the broker; on the first start its jars are downloaded."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the demo's events come from: a folder of files, or the simulator."""

    songs: Path | None = None
    events: Path | None = None
    users: int = USERS

    @property
    def first_hour(self) -> datetime:
        """Where the history starts, UTC."""
        return first_hour(self.events) if self.events else START

    def command(self, report: Path) -> list[str]:
        """The simulator's command that publishes the events and writes its counts to `report`."""
        eventsim = [sys.executable, "-m", "eventsim"]
        if self.events:
            return [*eventsim, "replay", str(self.events), "--kafka", "--report", str(report)]
        return [
            *eventsim, "--kafka", "--report", str(report),
            "--nusers", str(self.users), "--seed", str(SEED),
            "--start-time", f"{START:%Y-%m-%dT%H:%M:%S}", "--end-time", f"{END:%Y-%m-%dT%H:%M:%S}",
            "--poison", str(POISON_RATE), "--resend", str(RESEND_RATE),
            *(["--songs", str(self.songs)] if self.songs else []),
        ]  # fmt: skip


def run(workspace: Workspace, source: Source) -> bool:
    """Run the whole job from a clean start; whether every event is accounted for.

    Raises:
        ConfigurationError: The input is wrong; nothing was started.
        StationFailedError: A station ended with an error.
    """
    environment = workspace.environment(start=source.first_hour)
    make_clean(workspace.home)
    screen = Screen(Console())
    with broker(workspace, screen, environment) as servers:
        environment["KAFKA_BOOTSTRAP_SERVERS"] = servers
        produced = publish(workspace, screen, source, environment)
        land(workspace, screen, environment, sum(produced.values()))
    build(workspace, screen, environment)
    report = Report(
        topics=topic_counts(workspace, produced),
        seconds=screen.seconds,
        **outcome(workspace, environment),
    )
    (workspace.home / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
    screen.summary(report)
    return report.reconciled


def make_clean(home: Path) -> None:
    """Empty the demo's folder, if it is one.

    Raises:
        ConfigurationError: It holds something that no demo made.
    """
    marker = home / MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        raise ConfigurationError(f"{home} holds no demo: move it, or choose another --home")
    try:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        marker.touch()
    except OSError as error:
        raise disk_error(error, home) from error


@contextmanager
def broker(workspace: Workspace, screen: Screen, environment: Mapping[str, str]) -> Iterator[str]:
    """Our own Kafka, or the one that is configured; its bootstrap servers.

    Raises:
        ConfigurationError: The configured one already holds messages in our topics.
    """
    command = [sys.executable, "-m", "streaming.broker"]
    log = workspace.log("broker")
    configured = environment.get("KAFKA_BOOTSTRAP_SERVERS", "")
    if configured:
        with screen.stage("broker", f"Kafka at {configured}"):
            processes.run(command, environment, log)
            refuse_messages(configured)
        yield configured
        return
    with processes.running([*command, "--port", "0"], environment, log) as server:
        with screen.stage("broker", "Kafka, a broker of our own"):
            processes.wait_until(workspace.address_file.exists, server, log, READY_SECONDS)
        yield workspace.address_file.read_text().strip()


def refuse_messages(servers: str) -> None:
    """Make sure that the demo's counts will be its own.

    Raises:
        ConfigurationError: A topic of ours holds messages already.
    """
    consumer = Consumer({"bootstrap.servers": servers, "group.id": "musicflow-demo"})
    topics = consumer.list_topics(timeout=10).topics
    for event in EVENTS:
        for partition in topics[event.name].partitions:
            start, end = consumer.get_watermark_offsets(TopicPartition(event.name, partition))
            if end > start:
                raise ConfigurationError(
                    f"the topic {event.name} at {servers} holds messages: the demo counts its own, "
                    "so delete the topic, or unset KAFKA_BOOTSTRAP_SERVERS for a broker of its own"
                )
    consumer.close()


def publish(
    workspace: Workspace, screen: Screen, source: Source, environment: Mapping[str, str]
) -> dict[str, int]:
    """Simulate or replay to Kafka; messages that it acknowledged, per topic."""
    report = workspace.home / "eventsim.json"
    title = f"events from {source.events}" if source.events else "a day of listeners"
    with screen.stage("publish", title):
        processes.run(source.command(report), environment, workspace.log("eventsim"))
    topics = json.loads(report.read_text())["topics"]
    return {event.name: topics.get(event.name, {}).get("messages", 0) for event in EVENTS}


def land(
    workspace: Workspace, screen: Screen, environment: Mapping[str, str], messages: int
) -> None:
    """Drain Kafka into the lake."""
    with screen.stage("land", "Spark lands the events in the lake") as show:
        processes.run(
            [sys.executable, "-m", "streaming", "--once"],
            environment,
            workspace.log("landing"),
            meanwhile=lambda: show(f"{landed(workspace):,} of {messages:,} messages"),
        )


def landed(workspace: Workspace) -> int:
    """Messages that landing has committed so far."""
    store = open_store(str(workspace.lake))
    records = (read_progress(store, event.name) for event in EVENTS)
    return sum(sum(record.committed.values()) for record in records if record)


def build(workspace: Workspace, screen: Screen, environment: Mapping[str, str]) -> None:
    """Have Dagster build every complete hour: raw tables, star schema, snapshot."""
    log = workspace.log("dagster")
    with screen.stage("build", "Dagster builds the hours: raw, facts, dimensions, charts") as show:
        processes.run(
            [sys.executable, "-m", "musicflow_dagster", "build"],
            environment,
            log,
            meanwhile=lambda: show(processes.last_line(log)),
        )
