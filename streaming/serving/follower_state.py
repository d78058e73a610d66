"""What is known of a follower: for `/metrics`, `/healthz` and the log."""

from collections.abc import Mapping
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge

from contracts.errors import MusicFlowError
from contracts.logs import log
from streaming.serving.sink import Taken

PREFIX = "musicflow_serving"


class ServingMetrics:
    """Counters and gauges of all followers."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Add them to `registry`."""
        self.up = Gauge(
            f"{PREFIX}_up", "1 while the events are taken in, 0 while that fails.",
            ("sink",), registry=registry,
        )  # fmt: skip
        self.events = Counter(
            f"{PREFIX}_events", "Messages taken in, by what they were.",
            ("sink", "outcome"), registry=registry,
        )  # fmt: skip
        self.batches = Counter(
            f"{PREFIX}_batches", "Batches taken in.", ("sink",), registry=registry
        )
        self.failures = Counter(
            f"{PREFIX}_failures", "Attempts that failed; they are made again.",
            ("sink",), registry=registry,
        )  # fmt: skip
        self.last_seconds = Gauge(
            f"{PREFIX}_last_batch_seconds", "Time that the last batch took.",
            ("sink",), registry=registry,
        )  # fmt: skip
        self.last_commit = Gauge(
            f"{PREFIX}_last_commit_timestamp_seconds", "When it was taken in.",
            ("sink",), registry=registry,
        )  # fmt: skip
        self.newest = Gauge(
            f"{PREFIX}_newest_event_timestamp_seconds", "Time of its newest new event.",
            ("sink",), registry=registry,
        )  # fmt: skip


class FollowerState:
    """How one follower is doing; written in its threads, read in others."""

    def __init__(self, name: str, metrics: ServingMetrics) -> None:
        """Begin as one that has not started yet."""
        self._name = name
        self._metrics = metrics
        self._problem: str | None = None
        self._since: datetime | None = None
        self._newest: datetime | None = None
        metrics.up.labels(name).set(0)
        metrics.failures.labels(name).inc(0)

    def runs(self) -> None:
        """It takes in again."""
        if self._problem is not None:
            log.info("serving goes on", sink=self._name)
        self._problem = self._since = None
        self._metrics.up.labels(self._name).set(1)

    def failed(self, error: MusicFlowError) -> None:
        """An attempt has failed; said once, until it goes on or fails otherwise."""
        problem = str(error)
        if problem != self._problem:
            log.warning("serving is held up, landing goes on", sink=self._name, problem=problem)
        self._since = self._since or datetime.now(UTC)
        self._problem = problem
        self._metrics.up.labels(self._name).set(0)
        self._metrics.failures.labels(self._name).inc()

    def took(self, batch: int, taken: Taken, seconds: float) -> None:
        """A batch was taken in."""
        name, metrics = self._name, self._metrics
        metrics.batches.labels(name).inc()
        duplicates = taken.accepted - taken.inserted
        counts = {"inserted": taken.inserted, "duplicate": duplicates, "rejected": taken.rejected}
        for outcome, count in counts.items():
            metrics.events.labels(name, outcome).inc(count)
        metrics.last_seconds.labels(name).set(seconds)
        metrics.last_commit.labels(name).set(datetime.now(UTC).timestamp())
        if taken.newest:
            self._newest = taken.newest
            metrics.newest.labels(name).set(taken.newest.timestamp())
        log.info("served", sink=name, batch=batch, seconds=seconds, **counts)

    def report(self) -> Mapping[str, object]:
        """How it is doing, for people."""
        return {
            "well": self._problem is None,
            "problem": self._problem,
            "held_up_since": self._since.isoformat() if self._since else None,
            "newest_event_at": self._newest.isoformat() if self._newest else None,
        }
