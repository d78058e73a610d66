"""Volume: whether an hour holds about as many rows as the same hour of the weeks before.

The baseline is the median of the same hour and weekday; what is typical is the median absolute
deviation from it, which a few wild weeks don't move, and never less than what chance alone makes
of independent events, the root of the median.
"""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.lake import HOUR, hour_key, parse_hour_key
from musicflow_dagster.checks.findings import Finding
from musicflow_dagster.lake_index import LakeIndex

WEEK = timedelta(days=7)
LEAST_WEEKS = 4
"""Of fewer weeks nobody can tell what is usual."""
NORMAL = 1.4826
"""Makes a median absolute deviation comparable to a standard deviation."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How many weeks are compared with, and how many deviations are nobody's concern."""

    weeks: int
    deviations: float


@dataclass(frozen=True, slots=True)
class Landed:
    """Rows that landed per hour; hours `since` one that are absent had none."""

    rows: Mapping[datetime, int]
    since: datetime | None

    def weeks_before(self, hour: datetime, weeks: int) -> list[int]:
        """Rows of the same hour and weekday, as far back as is known."""
        before = [hour - number * WEEK for number in range(1, weeks + 1)]
        known = [each for each in before if self.since and each >= self.since]
        return [self.rows.get(each, 0) for each in known]


def volumes(
    index: LakeIndex, event: str, hours: Iterable[datetime], usual: Usual
) -> dict[datetime, Finding]:
    """Per hour, what its rows are beside those of the weeks before."""
    wanted = sorted(hours)
    if not wanted:
        return {}
    landed = _landed(index, event, wanted[0] - usual.weeks * WEEK, wanted[-1] + HOUR)
    return {
        hour: judged(landed.rows.get(hour, 0), landed.weeks_before(hour, usual.weeks), usual)
        for hour in wanted
    }


def judged(rows: int, weeks: Sequence[int], usual: Usual) -> Finding:
    """Whether `rows` are usual after these `weeks`.

    >>> judged(95, [100, 104, 99, 101], Usual(weeks=8, deviations=6)).passed
    True
    >>> judged(10, [100, 104, 99, 101], Usual(weeks=8, deviations=6)).says
    '10 rows, where 100 are usual: 9.0 deviations below'
    """
    numbers: dict[str, int | float] = {"landed_rows": rows, "weeks_compared": len(weeks)}
    if len(weeks) < LEAST_WEEKS:
        says = f"too little history: {len(weeks)} of {LEAST_WEEKS} weeks"
        return Finding(passed=True, numbers=numbers, says=says)
    median = statistics.median(weeks)
    typical = statistics.median(abs(each - median) for each in weeks)
    deviations = (rows - median) / max(NORMAL * typical, math.sqrt(max(median, 1)))
    numbers |= {"usual_rows": median, "deviations": round(deviations, 2)}
    if abs(deviations) <= usual.deviations:
        return Finding(passed=True, numbers=numbers)
    side = "above" if deviations > 0 else "below"
    says = f"{rows} rows, where {median:.0f} are usual: {abs(deviations):.1f} deviations {side}"
    return Finding(passed=False, numbers=numbers, says=says)


def _landed(index: LakeIndex, event: str, start: datetime, end: datetime) -> Landed:
    rows = index.query(_ROWS, (event, hour_key(start), hour_key(end)))
    return Landed({parse_hour_key(hour): n for hour, n in rows}, _known_since(index, event))


def _known_since(index: LakeIndex, event: str) -> datetime | None:
    """The first hour that had rows, or, where hours have expired, the first that has not."""
    [(first,)] = index.query("select min(hour) from hours where event = ?", (event,))
    return index.expired_before().get(event) or (parse_hour_key(first) if first else None)


_ROWS = """
select hour, stream + replay + files from hours where event = ? and hour >= ? and hour < ?
"""
