"""What the page Overview shows: the last of the chosen days, against the day before."""
# ruff: noqa: S608  conditions and names are ours; values are parameters

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

import polars as pl

from dashboard.data.tables import Tables
from dashboard.filters import Filters

STREAMS = "reporting.rpt_streams_by_hour"
LISTENERS = "reporting.rpt_listener_days"
SESSIONS = "reporting.rpt_session_days"
DAY = timedelta(days=1)
COUNTED_DAYS = 28
"""For so many days at most listeners are counted anew."""


@dataclass(frozen=True, slots=True)
class Today:
    """The last of the chosen days, as far as it is built: from midnight to `as_of`, UTC."""

    day: date
    as_of: datetime

    @classmethod
    def of(cls, tables: Tables, filters: Filters) -> "Today":
        """The last chosen day; it ends where the data ends."""
        end = datetime.combine(filters.last + DAY, time(), UTC)
        last = tables.publication.last_hour
        as_of = min(end, last + timedelta(hours=1)) if last else end
        return cls(filters.last, max(as_of, end - DAY))

    @property
    def is_over(self) -> bool:
        """Whether the whole day is built, so that it can be compared with whole days."""
        return self.as_of >= datetime.combine(self.day + DAY, time(), UTC)


@dataclass(frozen=True, slots=True)
class Streams:
    """Songs started in a time, and those that were left by a skip."""

    streams: int
    skips: int

    @property
    def skip_rate(self) -> float | None:
        """Skips by streams; None without streams."""
        return self.skips / self.streams if self.streams else None


def today_and_before(tables: Tables, filters: Filters, today: Today) -> tuple[Streams, Streams]:
    """Streams of the day as far as it is built, and of the day before up to the same hour."""
    two_days = replace(filters, first=today.day - DAY, last=today.day)
    where = two_days.where(hour="hour_starts_at", state="state", plan="level", device="device_type")
    as_of = today.as_of.replace(tzinfo=None)
    found = tables.rows(
        "select hour_starts_at >= $today as is_today,"
        " cast(sum(streams) as bigint) as streams, cast(sum(skips) as bigint) as skips"
        f" from {STREAMS} where {where.sql}"
        " and (hour_starts_at < $same_hour or hour_starts_at >= $today) group by 1",
        two_days.span,
        **where.parameters,
        today=datetime.combine(today.day, time()),
        same_hour=as_of - DAY,
    )
    counts = {is_today: Streams(streams, skips) for is_today, streams, skips in found.iter_rows()}
    nothing = Streams(0, 0)
    return counts.get(True, nothing), counts.get(False, nothing)


def streams_in_total(tables: Tables, filters: Filters) -> int:
    """Streams of all days that were ever built."""
    where = filters.where(state="state", plan="level", device="device_type")
    query = f"select cast(coalesce(sum(streams), 0) as bigint) from {STREAMS} where {where.sql}"
    return int(tables.rows(query, **where.parameters).item())


def active_users(tables: Tables, today: Today, filters: Filters) -> pl.DataFrame:
    """Listeners active on each chosen day: daily_users, weekly_users, monthly_users, paid_users.

    Those who pay are counted for the last 28 chosen days. With a filter of state, plan or device
    the others are too, and only the last day has weekly and monthly ones: to count them is dear.
    """
    counted = _counted_users(tables, filters)
    if filters.is_listening_filtered:
        periods = _periods(tables, filters, today.day)
    else:
        counted = counted.drop("daily_users")
        where = filters.where(day="active_on")
        periods = tables.rows(
            "select active_on, daily_users, weekly_users, monthly_users"
            f" from reporting.rpt_active_users where {where.sql}",
            filters.span,
            **where.parameters,
        )
    return counted.join(periods, on="active_on", how="full", coalesce=True).sort("active_on")


def _counted_users(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Different listeners of each of the last 28 chosen days, and those of them who pay."""
    recent = replace(filters, first=max(filters.first, filters.last - (COUNTED_DAYS - 1) * DAY))
    where = recent.where(day="active_on", state="state", plan="level", device="device_type")
    # By groups of groups: several times faster than to count different ones.
    return tables.rows(
        "with listeners as ("
        " select active_on, listener_number, bool_or(level = 'paid') as pays"
        f" from {LISTENERS} where {where.sql} group by active_on, listener_number)"
        " select active_on, count(*) as daily_users, count(*) filter (where pays) as paid_users"
        " from listeners group by active_on",
        recent.span,
        **where.parameters,
    )


def _periods(tables: Tables, filters: Filters, last: date) -> pl.DataFrame:
    """Different listeners of the 7 and of the 28 days that end with `last`."""
    month = replace(filters, first=last - 27 * DAY, last=last)
    where = month.where(day="active_on", state="state", plan="level", device="device_type")
    return tables.rows(
        "with listeners as ("
        " select listener_number, max(active_on) as last_active_on"
        f" from {LISTENERS} where {where.sql} group by listener_number)"
        " select cast($last as date) as active_on,"
        " count(*) filter (where last_active_on >= $week) as weekly_users,"
        " count(*) as monthly_users from listeners",
        month.span,
        **where.parameters,
        week=last - 6 * DAY,
    )


def days(tables: Tables, filters: Filters) -> pl.DataFrame:
    """One row for each chosen day with streams or visits, oldest first."""
    where = filters.where(hour="hour_starts_at", state="state", plan="level", device="device_type")
    streams = tables.rows(
        "select cast(hour_starts_at as date) as day, cast(sum(streams) as bigint) as streams,"
        " cast(sum(skips) as bigint) as skips, sum(listening_seconds) as listening_seconds"
        f" from {STREAMS} where {where.sql} group by 1",
        filters.span,
        **where.parameters,
    )
    where = filters.where(day="started_on", state="state", plan="level", device="device_type")
    sessions = tables.rows(
        "select started_on as day, cast(sum(sessions) as bigint) as sessions"
        f" from {SESSIONS} where {where.sql} group by 1",
        filters.span,
        **where.parameters,
    )
    return (
        streams.join(sessions, on="day", how="full", coalesce=True)
        .sort("day")
        .with_columns(pl.col("streams", "skips", "sessions", "listening_seconds").fill_null(0))
        .with_columns(skip_rate=_share("skips", "streams"))
    )


def _share(part: str, whole: str) -> pl.Expr:
    return pl.when(pl.col(whole) > 0).then(pl.col(part) / pl.col(whole))
