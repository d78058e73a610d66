"""When somebody should look: rules over what is known of one topic's batches."""

from collections import Counter, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.health import Alert, AlertKind
from contracts.manifests import Manifest

ENOUGH_MESSAGES = 100
"""Rejects are judged over so many messages at least, of as many batches as it takes."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an operator may set about alerts."""

    stalled_after: timedelta
    """Time without a batch and without being caught up."""
    lag_batches: int
    """Batches over which the backlog must grow."""
    reject_share: float
    """Largest share of rejects that is nobody's concern."""


class TopicWatch:
    """Watches over one topic; an alert stands from when its rule is broken until it holds."""

    def __init__(self, topic: str, rules: Rules, now: datetime) -> None:
        self._topic = topic
        self._rules = rules
        self._last_progress = now
        self._backlog: deque[tuple[int, int]] = deque(maxlen=rules.lag_batches)
        """What each of the last batches left behind, and what it took."""
        self._judged = 0
        self._rejected: Counter[str] = Counter()
        self._many_rejects: str | None = None
        self._standing: dict[AlertKind, Alert] = {}

    def committed(self, manifest: Manifest) -> None:
        """Take in a batch."""
        self._last_progress = max(self._last_progress, manifest.committed_at)
        taken = manifest.accepted + manifest.rejected
        if manifest.measures and manifest.measures.lag_messages is not None:
            self._backlog.append((manifest.measures.lag_messages, taken))
        self._judged += taken
        self._rejected.update(manifest.rejected_by_reason)
        if self._judged >= ENOUGH_MESSAGES:
            self._many_rejects = self._rejects_problem()
            self._judged = 0
            self._rejected.clear()

    def alerts(self, now: datetime, caught_up_until: datetime | None) -> tuple[Alert, ...]:
        """What somebody should look at now, with the time since when."""
        if caught_up_until:
            self._last_progress = max(self._last_progress, caught_up_until)
        problems: dict[AlertKind, str | None] = {
            "stalled": self._stalled_problem(now),
            "lag_growing": self._lag_problem(),
            "many_rejects": self._many_rejects,
        }
        for kind, problem in problems.items():
            if problem is None:
                self._standing.pop(kind, None)
            else:
                before = self._standing.get(kind)
                since = before.since if before else now
                self._standing[kind] = Alert(kind, since, f"{self._topic}: {problem}")
        return tuple(self._standing.values())

    def _stalled_problem(self, now: datetime) -> str | None:
        quiet = now - self._last_progress
        if quiet <= self._rules.stalled_after:
            return None
        return (
            f"no progress since {self._last_progress:%Y-%m-%d %H:%M:%S} UTC: see the logs of "
            "landing and of Spark; starting landing again loses nothing"
        )

    def _lag_problem(self) -> str | None:
        """Each batch leaves more than it takes, and the last one more than the first."""
        if len(self._backlog) < self._rules.lag_batches:
            return None
        first, last = self._backlog[0][0], self._backlog[-1][0]
        if last <= first or any(left <= taken for left, taken in self._backlog):
            return None
        return (
            f"{last:,} messages wait, {last - first:,} more than {len(self._backlog)} batches "
            "ago: landing does not keep up; give it more cores, or larger batches"
        )

    def _rejects_problem(self) -> str | None:
        rejected = self._rejected.total()
        if rejected <= self._rules.reject_share * self._judged:
            return None
        reason, _ = self._rejected.most_common(1)[0]
        return (
            f"{rejected / self._judged:.1%} of the last {self._judged:,} messages were rejected, "
            f"most as {reason}: has a producer changed?"
        )
