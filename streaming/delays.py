"""How old events are when they are landed: a histogram of few numbers, merged over tasks.

Its bounds grow by the square root of two from a second to eight years, so that a quantile is
right within that factor, whatever the traffic.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import numpy as np
import pyarrow as pa

BOUNDS = tuple(round(2 ** (step / 2), 3) for step in range(57))
"""Upper bounds of the buckets, in seconds; one more bucket is open upwards."""

Delays = Mapping[int, int]
"""Events by number of bucket; empty buckets are left out."""

_BOUNDS_US = (np.array(BOUNDS) * 1_000_000).astype("int64")


def delays_of(occurred_at: pa.ChunkedArray, batch_at: datetime) -> Delays:
    """The delays of events from when they occurred to when their batch began."""
    occurred = occurred_at.to_numpy().astype("datetime64[us]").view("int64")
    begun = np.datetime64(batch_at.replace(tzinfo=None), "us").view("int64")
    counts = np.bincount(np.searchsorted(_BOUNDS_US, begun - occurred))
    return {int(bucket): int(counts[bucket]) for bucket in np.flatnonzero(counts)}


def merged(all_delays: Iterable[Delays]) -> Delays:
    """One histogram of several."""
    total: Counter[int] = Counter()
    for each in all_delays:
        total.update(each)
    return dict(sorted(total.items()))


def quantile(delays: Delays, share: float) -> float | None:
    """Seconds that `share` (0 to 1) of the events are delayed at most; None without events.

    >>> quantile({0: 50, 10: 50}, 0.5)
    1.0
    """
    wanted = share * sum(delays.values())
    below = 0
    for bucket, count in sorted(delays.items()):
        if below + count >= wanted:
            lower = BOUNDS[bucket - 1] if bucket else 0.0
            upper = BOUNDS[min(bucket, len(BOUNDS) - 1)]
            return round(lower + (upper - lower) * (wanted - below) / count, 3)
        below += count
    return None
