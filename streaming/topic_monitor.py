"""What is known of one topic: its last batch, its lag, its alerts."""

import queue
from collections.abc import Sequence
from datetime import datetime, timedelta

from contracts.health import Alert, State, StreamHealth
from contracts.manifests import Manifest
from streaming.alerts import Rules, TopicWatch
from streaming.metrics import LandingMetrics
from streaming.progress import Lag

SILENT_AFTER = timedelta(minutes=2)
"""How long a record stays good at least; longer with a long trigger."""


class TopicMonitor:
    """Watches over one topic; all but `committed` belongs to the thread that looks."""

    def __init__(self, topic: str, rules: Rules, metrics: LandingMetrics, now: datetime) -> None:
        """Begin to watch, at `now`."""
        self.alerts: Sequence[Alert] = ()
        self.is_ready = False
        """Whether a batch was landed since the start, or once there was none to land."""
        self._topic = topic
        self._metrics = metrics
        self._watch = TopicWatch(topic, rules, now)
        self._fresh: queue.SimpleQueue[Manifest] = queue.SimpleQueue()
        self._last: Manifest | None = None
        self._lag = Lag()
        self._written: StreamHealth | None = None

    def committed(self, manifest: Manifest) -> None:
        """Take in a batch, in whatever thread."""
        self._fresh.put(manifest)

    def look(self, lag: Lag, now: datetime) -> None:
        """Take in how far landing is behind, and judge what is known by the rules."""
        while not self._fresh.empty():
            self._last = self._fresh.get()
            self._watch.committed(self._last)
        self._lag = lag
        self.is_ready |= self._last is not None or lag.messages == 0
        self.alerts = self._watch.alerts(now, lag.caught_up_until)
        self._metrics.standing(self._topic, lag, {each.kind for each in self.alerts})

    def report(self) -> dict[str, object]:
        """How it is doing, for people."""
        newest = self._last.max_occurred_at if self._last else None
        reached = self._lag.caught_up_until
        return {
            "ready": self.is_ready,
            "lag_messages": self._lag.messages,
            "caught_up_until": reached.isoformat() if reached else None,
            "newest_event_at": newest.isoformat() if newest else None,
            "alerts": [each.text for each in self.alerts],
        }

    def health(self, state: State, now: datetime, trigger: timedelta) -> StreamHealth | None:
        """The record to write now; None if what was written last is still good."""
        health = StreamHealth(
            event=self._topic,
            state=state,
            updated_at=now,
            next_by=now + max(3 * trigger, SILENT_AFTER),
            alerts=tuple(self.alerts),
            lag_messages=self._lag.messages,
            lag_seconds=self._lag.seconds,
            newest_event_at=self._last.max_occurred_at if self._last else None,
            last_seq=self._last.seq if self._last else 0,
        )
        before = self._written
        young = before is not None and now - before.updated_at < max(trigger, SILENT_AFTER / 4)
        if before is not None and young and _same(before, health):
            return None
        self._written = health
        return health


def _same(before: StreamHealth, now: StreamHealth) -> bool:
    """Whether nothing has happened in between."""
    kinds = [each.kind for each in before.alerts] == [each.kind for each in now.alerts]
    return kinds and (before.state, before.last_seq) == (now.state, now.last_seq)
