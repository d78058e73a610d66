"""The demo: the main job end to end, once, and the proof that every event is accounted for."""

import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from contracts.errors import ConfigurationError, UnavailableError
from contracts.events import EVENTS
from contracts.postgres import ADDRESS as POSTGRES
from contracts.progress import read_progress
from contracts.store import Store, disk_error
from local import outcome, processes
from local.broker import Broker, broker, refuse_messages
from local.places import OpenPlace, Place, folders
from local.postgres import postgres_if_possible, refuse_events
from local.report import Report
from local.screen import Screen
from local.workspace import Workspace

EVENTSIM = (sys.executable, "-m", "eventsim")
USERS = 30_000
"""Listeners: with the built-in model a little over a million messages in 24 hours."""
START = datetime(2026, 1, 6, tzinfo=UTC)
END = datetime(2026, 1, 7, tzinfo=UTC)
"""A fixed day, so that every run of the demo has the same events."""
POISON_RATE = 0.005
RESEND_RATE = 0.005
USUAL_HOME = ".musicflow/demo"
SEED = 1
LINE_LENGTH = 60
"""How much of a station's last line the screen has room for."""
MARKER = ".musicflow-demo"
"""Stands in a folder that a demo made, and that the next one may therefore empty."""
RESTARTS = 3
"""How often a killed landing is started again."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the demo's events come from: a folder of files, or the simulator."""

    songs: Path | None = None
    events: Path | None = None
    users: int = USERS

    def history_start(self) -> datetime | None:
        """The hour of the first event, UTC; None for files in which no message has a time.

        Raises:
            ConfigurationError: The files are no event files, or cannot be read.
        """
        if self.events is None:
            return START
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.json"
            look = [*EVENTSIM, "replay", str(self.events), "--report", str(report)]
            log = Path(folder) / "log"
            try:
                processes.run(look, os.environ, log)
            except processes.StationFailedError as error:
                raise ConfigurationError(processes.last_line(log)) from error
            found = json.loads(report.read_text())["history_start"]
        return datetime.fromisoformat(found) if found else None

    def command(self, report: Path) -> list[str]:
        """The simulator's command that publishes the events and writes its counts to `report`."""
        if self.events:
            return [*EVENTSIM, "replay", str(self.events), "--kafka", "--report", str(report)]
        return [
            *EVENTSIM, "--kafka", "--report", str(report),
            "--nusers", str(self.users), "--seed", str(SEED),
            "--start-time", f"{START:%Y-%m-%dT%H:%M:%S}", "--end-time", f"{END:%Y-%m-%dT%H:%M:%S}",
            "--poison", str(POISON_RATE), "--resend", str(RESEND_RATE),
            *(["--songs", str(self.songs)] if self.songs else []),
        ]  # fmt: skip


def run(workspace: Workspace, source: Source, place: OpenPlace = folders) -> bool:
    """Run the whole job from a clean start; whether every event is accounted for.

    Args:
        workspace: Where it is run.
        source: The events.
        place: Opens where the lake and the warehouse are.

    Raises:
        ConfigurationError: The input is wrong; nothing was started.
        StationFailedError: A station ended with an error.
    """
    settings = workspace.settings(start=source.history_start())
    with only_demo_in(workspace.home):
        make_clean(workspace.home)
        screen = Screen(Console())
        with opened(workspace, screen, place) as here:
            settings |= here.variables
            workspace.write_settings(settings)
            environment = {**os.environ, **settings}
            report = run_stages(workspace, screen, source, here, environment)
        (workspace.home / "report.json").write_text(json.dumps(report.as_json(), indent=2) + "\n")
        screen.summary(report, next_steps(workspace, here))
    return report.reconciled


@contextmanager
def opened(workspace: Workspace, screen: Screen, place: OpenPlace) -> Iterator[Place]:
    """A place, with a stage on the screen where it has to be started first."""
    with ExitStack() as stack:
        if place is folders:
            yield stack.enter_context(place(workspace))
            return
        with screen.stage("cloud", "a cloud on this machine (built once, some minutes)"):
            here = stack.enter_context(place(workspace))
        yield here


def run_stages(
    workspace: Workspace, screen: Screen, source: Source, here: Place, environment: dict[str, str]
) -> Report:
    """One station after the other, and what it came to."""
    with ExitStack() as stack:
        with screen.stage("broker", "Kafka and Postgres"):
            kafka = stack.enter_context(broker(workspace, environment, port=0))
            if kafka.servers == environment.get("KAFKA_BOOTSTRAP_SERVERS"):
                refuse_messages(kafka.servers)
            if POSTGRES in environment:
                refuse_events(environment[POSTGRES])
            environment = stack.enter_context(
                postgres_if_possible(workspace, environment, screen.note)
            )
        environment["KAFKA_BOOTSTRAP_SERVERS"] = kafka.servers
        produced = publish(workspace, screen, source, environment)
        land(workspace, screen, environment, Landing(here.lake, sum(produced.values()), kafka))
    build(workspace, screen, environment)
    tables = here.tables()
    return Report(
        topics=outcome.topic_counts(here.lake, tables, produced),
        facts=outcome.facts(tables),
        hours=outcome.hours(tables),
        hours_reconciled=reconcile(workspace, screen, environment),
        top_songs=outcome.top_songs(tables),
        seconds=screen.seconds,
    )


@contextmanager
def only_demo_in(home: Path) -> Iterator[None]:
    """Hold the folder, so that no other demo empties it meanwhile.

    Raises:
        UnavailableError: A demo runs there already, or the folder cannot be written.
    """
    path = home.with_name(f"{home.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
    except OSError as error:
        raise disk_error(error, path) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                f"a demo runs in {home} already: wait for it, or give another --home"
            ) from error
        yield


def next_steps(workspace: Workspace, here: Place) -> dict[str, str]:
    """What to do after a demo, as commands for the repository's root."""
    home = os.path.relpath(workspace.home)
    if here.is_gone:
        return {
            "the counts, for machines": f"{home}/report.json",
            "what each station said": f"{home}/logs",
            "the same in a cloud of yours": "docs/cloud.md",
        }
    ours = f". {os.path.relpath(workspace.settings_file)}"
    views = f"{home}/snapshot/musicflow.duckdb"
    pages = "make dashboard" if home == USUAL_HOME else f"({ours} && python -m dashboard)"
    return {
        "charts, activity, health, as pages": pages,
        "the runs, the lineage, the checks": f"({ours} && dagster dev -w workspace.yaml)",
        "how complete and fresh it is": f"({ours} && musicflow status)",
        "the tables": f"the DuckDB file {views}",
        "the counts, for machines": f"{home}/report.json",
        "the live platform": "make dev",
        "how it works": "docs/architecture.md",
    }


def make_clean(home: Path) -> None:
    """Empty the demo's folder, if it is one.

    Raises:
        ConfigurationError: It holds something that no demo made.
    """
    marker = home / MARKER
    if home.exists() and any(home.iterdir()) and not marker.exists():
        raise ConfigurationError(f"{home} holds no demo: move it, or choose another --home")
    try:
        home.mkdir(parents=True, exist_ok=True)
        marker.touch()
        for left in home.iterdir():
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif left != marker:
                left.unlink()
    except OSError as error:
        raise disk_error(error, home) from error


def publish(
    workspace: Workspace, screen: Screen, source: Source, environment: Mapping[str, str]
) -> dict[str, int]:
    """Simulate or replay to Kafka; messages that it acknowledged, per topic."""
    report = workspace.home / "eventsim.json"
    title = f"events from {source.events}" if source.events else "a day of listeners"
    with screen.stage("publish", title):
        processes.run(source.command(report), environment, workspace.log("eventsim"))
    topics = json.loads(report.read_text())["topics"]
    if refused := sum(counts["refused"] for counts in topics.values()):
        screen.note(f"{refused:,} messages are larger than Kafka takes, and were not sent")
    return {event.name: topics.get(event.name, {}).get("messages", 0) for event in EVENTS}


@dataclass(frozen=True, slots=True)
class Landing:
    """What is landed, and where it is to be seen."""

    lake: Store
    messages: int
    kafka: Broker

    def landed(self) -> int:
        """Messages that landing has committed so far."""
        records = (read_progress(self.lake, event.name) for event in EVENTS)
        return sum(sum(record.committed.values()) for record in records if record)


def land(
    workspace: Workspace, screen: Screen, environment: Mapping[str, str], landing: Landing
) -> None:
    """Drain Kafka into the lake; a landing that was killed is started again, as in production."""
    with screen.stage("land", "Spark lands the events in the lake") as show:

        def look() -> None:
            landing.kafka.check()
            show(f"{landing.landed():,} of {landing.messages:,} messages")

        def drain() -> None:
            processes.run(
                [sys.executable, "-m", "streaming", "--once"],
                environment,
                workspace.log("landing"),
                meanwhile=look,
            )

        for _ in range(RESTARTS):
            with suppress(processes.StationKilledError):
                drain()
                return
            screen.note("landing was killed; it is started again and goes on where it was")
        drain()


def build(workspace: Workspace, screen: Screen, environment: Mapping[str, str]) -> None:
    """Have Dagster build every complete hour: raw tables, star schema, snapshot."""
    log = workspace.log("dagster")
    with screen.stage("build", "Dagster builds the hours: raw, facts, dimensions, charts") as show:
        processes.run(
            [sys.executable, "-m", "musicflow_dagster", "build"],
            environment,
            log,
            meanwhile=lambda: show(processes.last_line(log)[:LINE_LENGTH]),
        )


def reconcile(workspace: Workspace, screen: Screen, environment: Mapping[str, str]) -> bool:
    """Have every hop of every hour added up; whether nothing was lost or doubled."""
    with screen.stage("reconcile", "every hour is reconciled, hop by hop"):
        try:
            processes.run(
                [sys.executable, "-m", "musicflow_dagster", "reconcile"],
                environment,
                workspace.log("reconcile"),
            )
        except processes.StationFailedError as error:
            screen.note(str(error))
            return False
    return True
