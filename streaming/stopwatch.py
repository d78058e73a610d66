"""Where the seconds of a batch go."""

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping


class Stopwatch:
    """Seconds by phase; it runs from its making, and each lap ends a phase."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._since = time.monotonic()

    def lap(self, phase: str) -> None:
        """Count the time since the last lap as `phase`, which may come again and again."""
        now = time.monotonic()
        self._seconds[phase] += now - self._since
        self._since = now

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds by phase, to the millisecond, in the order in which they first ended."""
        return {phase: round(spent, 3) for phase, spent in self._seconds.items()}

    @property
    def total(self) -> float:
        """Seconds of all phases that have ended."""
        return round(sum(self._seconds.values()), 3)


def summed(all_seconds: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """Seconds by phase of several watches together."""
    total: defaultdict[str, float] = defaultdict(float)
    for seconds in all_seconds:
        for phase, spent in seconds.items():
            total[phase] += spent
    return {phase: round(spent, 3) for phase, spent in total.items()}
