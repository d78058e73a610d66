"""What the page Audience asks of the published tables."""

from datetime import date, timedelta

import polars as pl

from dashboard.data.tables import Tables
from dashboard.filters import Filters

EARLIEST = date(1900, 1, 1)
"""Before any account."""
AGES = (
    "under 7 days",
    "7 to 29 days",
    "30 to 89 days",
    "90 to 364 days",
    "365 days and more",
    "unknown",
)
"""Ages of an account as `rpt_demographics` names them, youngest first."""


def states(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Per home state: different listeners, streams, listening time; most listeners first."""
    return _by(tables, filters, "state")


def devices(tables: Tables, filters: Filters) -> pl.DataFrame:
    """The same per kind of device."""
    return _by(tables, filters, "device_type")


def plans(tables: Tables, filters: Filters) -> pl.DataFrame:
    """The same per plan."""
    return _by(tables, filters, "level")


def _by(tables: Tables, filters: Filters, group: str) -> pl.DataFrame:
    """Listeners who were active, and what was played, by one of our own columns."""
    days = filters.where(day="active_on", state="state", plan="level", device="device_type")
    hours = filters.where(hour="hour_starts_at", state="state", plan="level", device="device_type")
    return tables.rows(
        f"""
        with active as (
            select {group}, count(distinct listener_number) as listeners
            from reporting.rpt_listener_days where {days.sql} group by 1
        ), played as (
            select {group}, sum(streams) as streams, sum(listening_seconds) as listening_seconds
            from reporting.rpt_streams_by_hour where {hours.sql} group by 1
        )
        select {group},
            coalesce(listeners, 0) as listeners,
            cast(coalesce(streams, 0) as bigint) as streams,
            cast(coalesce(listening_seconds, 0) as double) as listening_seconds
        from active full join played using ({group})
        order by listeners desc, streams desc, 1
        """,  # noqa: S608  a column of ours; values are parameters
        filters.span,
        **(days.parameters | hours.parameters),
    )


def demographics(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Per gender, plan and age of the account: active listeners a day, and streams.

    Listeners a day are a mean over the days chosen that the data covers, quiet ones too. The
    device is not known here.
    """
    where = filters.where(day="active_on", state="state", plan="level")
    return tables.rows(
        f"""
        select gender, level, account_age,
            sum(users) / (
                select count(*) from reporting.rpt_active_users
                where active_on between $first and $last
            ) as listeners_a_day,
            cast(sum(streams) as bigint) as streams
        from reporting.rpt_demographics where {where.sql}
        group by 1, 2, 3 order by 1, 2, 3
        """,  # noqa: S608  columns of ours; values are parameters
        filters.span,
        **where.parameters,
    )


def countries(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Per country, as the player tells it: actions, plays, skips, skips by plays."""
    where = filters.where(hour="hour_starts_at", country="country", device="device_type")
    return tables.rows(
        f"""
        select country,
            cast(sum(events) as bigint) as events,
            cast(sum(plays) as bigint) as plays,
            cast(sum(skips) as bigint) as skips,
            sum(skips) / nullif(sum(plays), 0) as skip_rate
        from reporting.rpt_player_engagement where {where.sql}
        group by 1 order by events desc, 1
        """,  # noqa: S608  columns of ours; values are parameters
        filters.span,
        **where.parameters,
    )


def retention(tables: Tables, filters: Filters, weeks: int) -> pl.DataFrame:
    """Cohorts by week of registration, up to the last day chosen; `weeks` of them, and so long.

    What is known of a cohort is all that was seen of it by now, whichever days are chosen. Of those
    who registered before the data begins only those are known who still came: such weeks are left
    out.
    """
    begin = tables.publication.first_hour
    since = begin.date() - timedelta(days=6) if begin else EARLIEST
    return tables.rows(
        """
        select registration_week, weeks_since_registration, registered_users, active_users,
            retention_rate
        from reporting.rpt_retention
        where registration_week between $since and $last and weeks_since_registration < $weeks
            and registration_week > (
                select max(registration_week) from reporting.rpt_retention
                where registration_week <= $last
            ) - cast($weeks as integer) * 7
        order by 1, 2
        """,
        since=since,
        last=filters.last,
        weeks=weeks,
    )
