"""Lateness: how much of an hour landed after the hour was complete.

It is told from the manifests alone. A batch says how far landing was caught up when it was
committed; an hour of a topic is complete with the first batch that was caught up past its end and
the grace period. Rows that later batches of Kafka brought are late. Replays and files come when
somebody wants them, and are not.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.lake import HOUR, hour_key, parse_hour_key
from musicflow_dagster.checks.findings import Finding, is_usual, share_of
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex


def lateness(
    index: LakeIndex, event: str, hours: Iterable[datetime], grace: timedelta, most: float
) -> dict[datetime, Finding]:
    """Per hour, its share of late rows, and the delay of the batches that brought it."""
    wanted = sorted(hours)
    if not wanted:
        return {}
    known = arrivals(index, event, HourRange(wanted[0], wanted[-1] + HOUR), grace)
    return {hour: _finding(known.get(hour, Arrived()), most) for hour in wanted}


@dataclass(frozen=True, slots=True)
class Arrived:
    """Rows of an hour, how many of them late, and the longest delay of the batches."""

    rows: int = 0
    late: int = 0
    delay_p95: float | None = None


def arrivals(
    index: LakeIndex, event: str, hours: HourRange, grace: timedelta
) -> dict[datetime, Arrived]:
    """What Kafka brought to each of `hours` that has rows."""
    bounds = (event, hour_key(hours.start), hour_key(hours.end))
    rows = index.query(_LATE_ROWS, (*bounds, (HOUR + grace).total_seconds()))
    return {parse_hour_key(hour): Arrived(*numbers) for hour, *numbers in rows}


def _finding(hour: Arrived, most: float) -> Finding:
    share = share_of(hour.late, hour.rows)
    numbers: dict[str, int | float] = {"late_rows": hour.late, "late_share": share}
    if hour.delay_p95 is not None:
        numbers["delay_p95_seconds"] = round(hour.delay_p95, 3)
    if is_usual(hour.late, hour.rows, most):
        return Finding(passed=True, numbers=numbers)
    what = f"{share:.1%} of {hour.rows} rows landed after the hour was complete"
    return Finding(passed=False, numbers=numbers, says=f"{what}; {most:.1%} are usual")


_LATE_ROWS = """
with looked_at as (
  select hour, strftime('%s', substr(hour, 1, 10) || ' ' || substr(hour, 12)) + ?4 as complete_at
  from hours where event = ?1 and hour >= ?2 and hour < ?3),
closed as materialized (
  select hour, (select seq from measures indexed by measures_by_time
    where event = ?1 and caught_up_until >= complete_at
    order by caught_up_until, seq limit 1) as closing
  from looked_at)
select hour, sum(rows), sum(iif(f.seq > closing, rows, 0)), max(delay_p95_seconds)
from closed
join files as f using (hour)
left join measures as m on m.event = f.event and m.seq = f.seq
where f.event = ?1 and f.kind = 'stream'
group by hour
"""
