"""The whole platform in one folder: broker, listeners, landing, loads, and the disk they share."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.lake import HOUR, hour_of
from local import processes

from .disk import Disk, disk_at
from .stations import Station, Writer, answers, free_port, module

TICK = 0.005
READY_SECONDS = 300
DRAIN_SECONDS = 300
DRAINS = 5
TOPICS = (
    "listen_events", "page_view_events", "auth_events", "status_change_events", "music_events",
)  # fmt: skip
DOWNLOADS = Path(__file__).parents[2] / ".musicflow" / "cache"


class ChaosError(Exception):
    """The platform did not do what it should while it was hurt."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is to land."""

    seed: int
    listeners: int = 60_000
    history: timedelta = timedelta(minutes=90)
    """What the listeners did before the clock started; it is all there at once."""
    trigger_seconds: int = 2
    batch_offsets: int = 2_000
    """Messages of a topic in one batch, so that the history is many batches."""
    topics: tuple[str, ...] = TOPICS
    """What is landed."""
    may_mount: bool = True
    """Whether the disk may be a file system of its own."""


class Site:
    """The stations and what is known of them."""

    def __init__(self, home: Path, scale: Scale) -> None:
        """Make ready; nothing runs yet."""
        self.home = home.absolute()
        self.scale = scale
        self.began = datetime.now(UTC).replace(microsecond=0) - scale.history
        self.port = free_port()
        self.data = self.home / "data"
        self.environment = self._environment()
        self.broker = self._station(
            "broker", module("streaming.broker", "--port", str(self.port)), kafka=None
        )
        self.listeners = self._station("listeners", self._listening())
        self.writers: list[Writer] = []
        self.landing = self.writer("landing")
        self.stations = [self.broker, self.listeners, self.landing]
        self.disk: Disk = disk_at(self.data, self._writing, may_mount=scale.may_mount)
        self._seqs: dict[str, int] = {}

    @property
    def lake(self) -> Path:
        """The lake's folder."""
        return self.data / "lake"

    @property
    def address(self) -> str:
        """Where Kafka is."""
        return f"127.0.0.1:{self.port}"

    @property
    def ledger(self) -> Path:
        """What eventsim says that it did."""
        return self.home / "ledger.ndjson"

    @property
    def report(self) -> Path:
        """Its totals."""
        return self.home / "eventsim.json"

    def writer(self, name: str, checkpoints: Path | None = None) -> Writer:
        """A landing with a work folder of its own, and checkpoints; it is not started yet."""
        checkpoints = checkpoints or self.data / "checkpoints"
        options = ["--trigger", f"{self.scale.trigger_seconds} seconds"]
        log = self.home / "logs" / f"{name}.log"
        command = module("streaming", *options, *self._landing(name, checkpoints))
        writer = Writer(name, command, self.environment, log, checkpoints=checkpoints)
        self.writers.append(writer)
        return writer

    def hand_over(self, successor: Writer) -> None:
        """From now on `successor` is the landing that is kept running."""
        self.landing.wanted = False
        self.stations[self.stations.index(self.landing)] = successor
        self.landing = successor

    def manifests(self) -> int:
        """How many manifests stand; the cost is that of those since the last look."""
        for topic in self.scale.topics:
            seq = self._seqs.get(topic, 0)
            while (self.lake / "_batches" / topic / f"{seq + 1:012d}.json").exists():
                seq += 1
            self._seqs[topic] = seq
        return sum(self._seqs.values())

    def look(self) -> None:
        """Start again what has ended."""
        for station in self.stations:
            station.look()
        self.disk.look()

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.until(lambda: False, seconds)

    def until(self, holds: Callable[[], bool], seconds: float) -> bool:
        """Let time pass until something holds; whether it did within `seconds`."""
        deadline = time.monotonic() + seconds
        looked = 0.0
        while time.monotonic() < deadline:
            if holds():
                return True
            if time.monotonic() - looked > 0.1:
                self.look()
                looked = time.monotonic()
            time.sleep(TICK)
        return False

    @contextmanager
    def running(self) -> Iterator[None]:
        """Everything runs; at the end nothing does, and the disk is a plain folder."""
        try:
            self.broker.start()
            if not self.until(lambda: answers(self.port), READY_SECONDS):
                raise ChaosError(f"the broker does not start: see {self.broker.log}")
            self.listeners.start()
            self.landing.start()
            if not self.until(lambda: self.manifests() > 0, READY_SECONDS):
                raise ChaosError(f"landing does not begin: see {self.landing.log}")
            yield
        finally:
            for station in [*self.writers, *reversed(self.stations)]:
                station.kill()
            self.disk.close()

    def drain(self) -> None:
        """End the listeners, then land all that is left.

        Raises:
            ChaosError: A station does not end well.
        """
        self.disk.heal()
        if not self.until(lambda: answers(self.port), READY_SECONDS):
            raise ChaosError("the broker does not come back")
        self.pause(1)
        if self.listeners.end(READY_SECONDS).code != 0:
            raise ChaosError(f"eventsim failed: {self.listeners.endings[-1].words}")
        self.landing.end(DRAIN_SECONDS)
        where = self._landing(self.landing.name, self.landing.checkpoints)
        for _ in range(DRAINS):
            if self.run("streaming", "--once", *where) == 0:
                return
        raise ChaosError(f"what is left can't be landed: {self._last_words('streaming')}")

    def load(self) -> None:
        """Build all hours that have any event, complete or not, once no other load runs.

        Raises:
            ChaosError: It fails.
        """
        self.until(
            lambda: all(each.name != "load" or not each.pid for each in self.stations),
            DRAIN_SECONDS,
        )
        first, end = hour_of(self.began), hour_of(datetime.now(UTC)) + HOUR
        hours = ["--from", f"{first:%Y-%m-%dT%H}", "--to", f"{end:%Y-%m-%dT%H}"]
        for command in (["build", *hours], ["reconcile"]):
            if self.run("musicflow_dagster", *command) != 0:
                raise ChaosError(f"{command[0]} failed: {self._last_words('musicflow_dagster')}")

    def start_load(self) -> Station:
        """A load of what is complete, beside everything else; it ends by itself."""
        station = self._station("load", module("musicflow_dagster", "build"))
        station.start()
        station.wanted = False
        self.stations.append(station)
        return station

    def run(self, name: str, *options: str | Path) -> int:
        """Run one of our modules to its end; its exit code."""
        log = self.home / "logs" / f"{name}.log"
        # What is left is landed in one batch: the limit is for what happens meanwhile.
        environment = self.environment | {"MUSICFLOW_MAX_OFFSETS_PER_TRIGGER": "2000000"}
        process = processes.start(module(name, *options), environment, log)
        try:
            self.until(lambda: process.poll() is not None, DRAIN_SECONDS)
        finally:
            processes.stop(process)
        return process.returncode

    def last_event_ms(self) -> int:
        """Time of the last good event that was sent, epoch ms."""
        last = json.loads(self.report.read_text())["last_event"]
        return int(datetime.fromisoformat(last).timestamp()) * 1000

    def simulation(self) -> list[str]:
        """Eventsim's options that decide what happens, without faults."""
        return [
            "--nusers", str(self.scale.listeners), "--seed", str(self.scale.seed),
            "--start-time", self.began.isoformat(),
        ]  # fmt: skip

    def _listening(self) -> list[str]:
        faults = {"poison": 0.01, "resend": 0.01, "conflict": 0.005, "late": 0.01}
        faults |= {"out-of-order": 0.01, "late-seconds": 1800}
        options = [part for name, rate in faults.items() for part in (f"--{name}", str(rate))]
        return module(
            "eventsim", *self.simulation(), *options, "--continuous", "--kafka",
            "--ledger", self.ledger, "--report", self.report,
        )  # fmt: skip

    def _landing(self, name: str, checkpoints: Path) -> list[str | Path]:
        topics = [part for topic in self.scale.topics for part in ("--topic", topic)]
        return ["--home", self.home / name, "--checkpoints", checkpoints, *topics]

    def _station(self, name: str, command: list[str], kafka: str | None = "") -> Station:
        environment = dict(self.environment)
        if kafka is None:
            del environment["KAFKA_BOOTSTRAP_SERVERS"]
        return Station(name, command, environment, self.home / "logs" / f"{name}.log")

    def _environment(self) -> dict[str, str]:
        ours = {
            "KAFKA_BOOTSTRAP_SERVERS": self.address,
            "MUSICFLOW_HOME": self.home,
            "MUSICFLOW_LAKE": self.lake,
            "MUSICFLOW_CHECKPOINTS": self.data / "checkpoints",
            "MUSICFLOW_CACHE": os.environ.get("MUSICFLOW_CACHE") or DOWNLOADS,
            "MUSICFLOW_START": f"{hour_of(self.began):%Y-%m-%dT%H:00:00Z}",
            "MUSICFLOW_GRACE_SECONDS": 0,
            "MUSICFLOW_MAX_OFFSETS_PER_TRIGGER": self.scale.batch_offsets,
            "DAGSTER_HOME": self.home / "dagster",
        }
        return os.environ | {name: str(value) for name, value in ours.items()}

    def _writing(self) -> list[int]:
        return [pid for each in self.writers for pid in each.pids()]

    def _last_words(self, name: str) -> str:
        return processes.last_line(self.home / "logs" / f"{name}.log")[:300]
