"""When messages say that they happened, and where their history believably starts."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np

from contracts.events import EARLIEST_EPOCH_MS

HOUR_MS = 3_600_000
LONGEST_SILENCE_HOURS = 31 * 24
"""A history does not pause for longer: what lies further back is mistaken about its time."""


class Times:
    """Times of any number of messages, kept as counts by hour."""

    def __init__(self, now: datetime) -> None:
        """Take note of times between 1900 and `now`."""
        self._latest = int(now.timestamp() * 1000)
        self._hours: Counter[int] = Counter()
        self.first: int | None = None
        self.last: int | None = None
        """Epoch milliseconds; None before any time was noted."""

    def add(self, ts: object) -> None:
        """Take note of a message's `ts`; what is no believable time is left aside."""
        if not isinstance(ts, int) or isinstance(ts, bool):
            return
        if EARLIEST_EPOCH_MS <= ts <= self._latest:
            self._hours[ts // HOUR_MS] += 1
            self.first = ts if self.first is None else min(ts, self.first)
            self.last = ts if self.last is None else max(ts, self.last)

    def history_start(self) -> str | None:
        """The hour of the earliest believable time, ISO 8601, UTC; None if there is none."""
        start = history_start(self._hours)
        return None if start is None else iso(start * HOUR_MS)


def history_start(messages: Mapping[int, int]) -> int | None:
    """The hour in which the history of these `messages`, counted by hour, believably starts.

    Half of the times may be wrong: it is what can be reached from the median, going back, without
    a silence of more than `LONGEST_SILENCE_HOURS`. So neither a time of 0 nor one in seconds
    instead of milliseconds starts a history, while years of events do.

    >>> history_start({0: 1, 490_000: 5, 490_700: 5})
    490000
    """
    if not messages:
        return None
    hours = np.array(sorted(messages))
    upto = np.cumsum([messages[hour] for hour in hours.tolist()])
    median = int(np.searchsorted(upto, upto[-1] // 2, side="right"))
    silences = np.flatnonzero(np.diff(hours[: median + 1]) > LONGEST_SILENCE_HOURS)
    return int(hours[silences[-1] + 1 if len(silences) else 0])


def iso(epoch_ms: int) -> str:
    """A time as text, ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(epoch_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
