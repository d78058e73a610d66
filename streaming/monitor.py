"""Watching over landing: each batch is logged and measured, each topic looked at now and then.

The looks are in a thread of their own: no batch waits for them, and no failure of one ends landing.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

from contracts.errors import MusicFlowError
from contracts.health import State, write_health
from contracts.logs import log
from contracts.manifests import Manifest
from contracts.runbook import see
from contracts.store import Store
from streaming.consumer_group import ShownOffsets
from streaming.kafka import Cluster
from streaming.metrics import LandingMetrics
from streaming.progress import Lag
from streaming.report import log_batch
from streaming.settings import LandingSettings
from streaming.telling import Teller
from streaming.topic_monitor import TopicMonitor

LOOKS_PER_TRIGGER = 4
LONGEST_BETWEEN_LOOKS = 30.0
FROZEN_AFTER = 60.0
"""Seconds without a sign of the main thread, after which landing counts as dead."""

Phase = Literal["starting", "running", "stopping"]


class Watched(Protocol):
    """A query, as far as it is looked at."""

    @property
    def topic(self) -> str:
        """The topic it lands."""

    @property
    def ends(self) -> Mapping[int, int]:
        """Offsets up to which all is committed."""

    def lag(self) -> Lag:
        """How far it is behind."""


class Monitor:
    """Watches over the queries of one landing job."""

    def __init__(self, settings: LandingSettings, store: Store, cluster: Cluster) -> None:
        """Make ready; nothing is looked at before `watching`."""
        self.metrics = LandingMetrics()
        self.phase: Phase = "starting"
        self.serving: dict[str, Callable[[], object]] = {}
        """Who tells how a follower is doing, by its name; it never counts against landing."""
        self._settings = settings
        self._store = store
        self._group = ShownOffsets(cluster, settings.group_prefix)
        self._teller = Teller(settings.webhook)
        self._queries: Sequence[Watched] = ()
        self._topics: dict[str, TopicMonitor] = {}
        self._seconds = max(
            1.0, min(settings.trigger_seconds / LOOKS_PER_TRIGGER, LONGEST_BETWEEN_LOOKS)
        )
        self._signs_until = 0.0
        self._ending: State = "stopped"
        self._ended = threading.Event()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)

    @contextmanager
    def watching(self, queries: Sequence[Watched]) -> Iterator[None]:
        """Look at `queries` now and then, and tell how it has ended."""
        self._start(queries)
        try:
            yield
        except BaseException as error:
            self._ending = "failed"
            self._teller.say(f"landing has ended: {_told(error)} {see('failed')}")
            raise
        finally:
            self._ended.set()
            self._wake.set()
            self._thread.join()

    def sign_of_life(self) -> None:
        """Called again and again by the thread that watches the queries, once they have started."""
        self._signs_until = time.monotonic() + FROZEN_AFTER
        if self.phase == "starting":
            self.phase = "running"

    def look_soon(self) -> None:
        """Look at the queries now, as something has happened."""
        self._wake.set()

    def committed(self, manifest: Manifest, seconds: Mapping[str, float]) -> None:
        """Take in a batch; called in its query's thread. `seconds` are the driver's, by phase."""
        log_batch(manifest, seconds)
        self.metrics.committed(manifest, seconds)
        self._topics[manifest.event].committed(manifest)
        self.look_soon()

    def wind_down(self) -> None:
        """Say that the batches in hand are the last."""
        self.phase = "stopping"

    def is_alive(self) -> bool:
        """Whether the queries are still being watched; they are not while it starts or stops."""
        return self.phase != "running" or time.monotonic() < self._signs_until

    def is_ready(self) -> bool:
        """Whether every topic has been landed from since the start, or has nothing to land."""
        topics = self._topics.values()
        return self.phase == "running" and all(each.is_ready for each in topics)

    def report(self) -> dict[str, object]:
        """How landing is doing, for people."""
        topics = {name: each.report() for name, each in self._topics.items()}
        serving = {name: report() for name, report in self.serving.items()}
        return {"phase": self.phase, "topics": topics, "serving": serving}

    def _start(self, queries: Sequence[Watched]) -> None:
        now = datetime.now(UTC)
        self._topics = {
            each.topic: TopicMonitor(each.topic, self._settings.rules, self.metrics, now)
            for each in queries
        }
        self._queries = queries
        self._thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            self._look("running")
            self._wake.wait(self._seconds)
            self._wake.clear()
        self._look(self._ending)

    def _look(self, state: State) -> None:
        now = datetime.now(UTC)
        for each in self._queries:
            self._topics[each.topic].look(each.lag(), now)
        self._teller.tell({name: each.alerts for name, each in self._topics.items()})
        self._group.show({each.topic: each.ends for each in self._queries})
        try:
            for topic in self._topics.values():
                health = topic.health(state, now, timedelta(seconds=self._settings.trigger_seconds))
                if health:
                    write_health(self._store, health)
        except MusicFlowError as error:
            log.warning("no health record written", problem=str(error))


def _told(error: BaseException) -> str:
    """What may be said of an error outside: all of ours, of others only what they are."""
    return str(error) if isinstance(error, MusicFlowError) else type(error).__name__
