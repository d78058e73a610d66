"""What the page Activity shows: when people listen, and what they do."""
# ruff: noqa: S608  conditions and names are ours; values are parameters

from dataclasses import replace
from datetime import timedelta

import polars as pl

from dashboard.data.overview import Today
from dashboard.data.tables import Tables
from dashboard.filters import Filters

STREAMS = "reporting.rpt_streams_by_hour"
HOURS = "reporting.rpt_hourly_activity"
TYPES = "reporting.rpt_event_types"


def two_days(tables: Tables, filters: Filters, today: Today) -> pl.DataFrame:
    """Streams of each covered hour of the last chosen day and of the day before.

    Columns: day (`Today` or `Day before`), hour_of_day (0 to 23, UTC), streams.
    """
    window = replace(filters, first=today.day - timedelta(days=1), last=today.day)
    hours = _hours(tables, window)
    is_today = pl.col("hour_starts_at").dt.date() == today.day
    return hours.select(
        pl.when(is_today).then(pl.lit("Today")).otherwise(pl.lit("Day before")).alias("day"),
        pl.col("hour_starts_at").dt.hour().cast(pl.Int64).alias("hour_of_day"),
        "streams",
    ).sort("day", "hour_of_day", descending=[True, False])


def week(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Mean streams of the covered hours of each weekday (1 for Monday) and hour of the day."""
    return (
        _hours(tables, filters)
        .group_by(
            pl.col("hour_starts_at").dt.weekday().cast(pl.Int64).alias("weekday"),
            pl.col("hour_starts_at").dt.hour().cast(pl.Int64).alias("hour_of_day"),
        )
        .agg(pl.col("streams").mean().alias("mean_streams"), pl.len().cast(pl.Int64).alias("hours"))
        .sort("weekday", "hour_of_day")
    )


def clock(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Mean streams of the covered hours of each hour of the day."""
    return (
        _hours(tables, filters)
        .group_by(pl.col("hour_starts_at").dt.hour().cast(pl.Int64).alias("hour_of_day"))
        .agg(pl.col("streams").mean().alias("mean_streams"), pl.len().cast(pl.Int64).alias("hours"))
        .sort("hour_of_day")
    )


def event_types(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Events of each chosen day by topic and type; filters other than days don't apply."""
    where = filters.where(day="occurred_on")
    return tables.rows(
        f"select occurred_on, event_name, event_type, events, share_of_topic from {TYPES}"
        f" where {where.sql} order by occurred_on desc, event_name, events desc, event_type",
        filters.span,
        **where.parameters,
    )


def _hours(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Streams of every hour that the data covers, quiet ones too: hour_starts_at, streams."""
    covered = filters.where(hour="hours.hour_starts_at")
    where = filters.where(hour="hour_starts_at", state="state", plan="level", device="device_type")
    return tables.rows(
        "with streams as ("
        f" select hour_starts_at, sum(streams) as streams from {STREAMS} where {where.sql}"
        " group by hour_starts_at)"
        " select hours.hour_starts_at, cast(coalesce(streams.streams, 0) as bigint) as streams"
        f" from {HOURS} as hours left join streams"
        f" on hours.hour_starts_at = streams.hour_starts_at where {covered.sql} order by 1",
        filters.span,
        **where.parameters,
    )
