"""Erasing a user from the serving database: rows, who was counted, and then the bytes.

One transaction deletes the user and lowers the metrics by what went, so that they still equal a
recount of `raw_events`. The tables are then written anew, or deleted rows stayed in their files.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import psycopg

from contracts.logs import log
from contracts.postgres import PostgresUrl, unavailable
from contracts.serving import DAILY_USERS, MINUTE_USERS, RAW_EVENTS, STAGING_EVENTS
from streaming.serving.merge import take_turn
from streaming.serving.migrate import ready_connection

WRITTEN_ANEW = (RAW_EVENTS.name, STAGING_EVENTS.name, MINUTE_USERS.name, DAILY_USERS.name)
"""Tables that hold users."""

STATISTICS = "pg_statistic"
"""Where the planner keeps common values of columns."""


@dataclass(frozen=True, slots=True)
class PostgresErased:
    """What was erased."""

    rows: Mapping[str, int]
    """By table."""
    not_rewritten: tuple[str, ...]
    """Tables in whose files deleted rows stay for now, because they are another role's."""


# Statements are made of names in this file alone, never of values.
_EVENTS = """
with gone as (
    delete from raw_events where user_id = %(user)s returning ts, event_type, region
),
minutes as (
    select date_trunc('minute', ts, 'UTC') as start, event_type, region, count(*) as events
    from gone group by 1, 2, 3
),
days as (
    select (ts at time zone 'UTC')::date as start, event_type, region, count(*) as events
    from gone group by 1, 2, 3
),
of_minutes as (
    update minute_metrics as kept set events = kept.events - minutes.events from minutes
    where (kept.window_start, kept.event_type, kept.region)
        = (minutes.start, minutes.event_type, minutes.region)
),
of_days as (
    update daily_metrics as kept set events = kept.events - days.events from days
    where (kept.day, kept.event_type, kept.region) = (days.start, days.event_type, days.region)
)
select count(*) from gone
"""


def _users(table: str) -> str:
    """Forget who was counted in the windows of `<table>_metrics`."""
    return f"""
    with gone as (delete from {table}_users where user_id = %(user)s returning window_id),
    counted as (
        update {table}_metrics as kept set users = kept.users - 1 from gone
        where kept.id = gone.window_id
    )
    select count(*) from gone
    """  # noqa: S608


def erase_postgres(url: PostgresUrl, user_id: int) -> PostgresErased:
    """Remove the user.

    Raises:
        UnavailableError: The server is away, or did not do it: run it again.
    """
    with ready_connection(url) as connection:
        connection.autocommit = True
        try:
            erased = PostgresErased(_delete(connection, user_id), _write_anew(connection))
        except psycopg.Error as error:
            raise unavailable(url, error) from error
    log.info("erased from Postgres", **erased.rows, not_rewritten=erased.not_rewritten)
    return erased


def _delete(connection: psycopg.Connection, user_id: int) -> dict[str, int]:
    user = {"user": user_id}
    with connection.transaction():
        take_turn(connection)
        erased = {
            RAW_EVENTS.name: _count(connection, _EVENTS, user),
            MINUTE_USERS.name: _count(connection, _users("minute"), user),
            DAILY_USERS.name: _count(connection, _users("daily"), user),
        }
        connection.execute("delete from minute_metrics where events = 0")
        connection.execute("delete from daily_metrics where events = 0")
        staged = connection.execute("delete from staging_events where user_id = %(user)s", user)
        return erased | {STAGING_EVENTS.name: staged.rowcount}


def _write_anew(connection: psycopg.Connection) -> tuple[str, ...]:
    """Leave no deleted row in the tables' files, nor the user in the planner's statistics.

    Only who owns a table may; the server warns others, and passes the table over: it is answered.
    """
    warned: list[str] = []
    connection.add_notice_handler(lambda notice: warned.append(notice.severity_nonlocalized or ""))
    connection.execute("set statement_timeout to 0")
    passed_over = []
    for table in (*WRITTEN_ANEW, STATISTICS):
        warned.clear()
        connection.execute(f"vacuum (full, analyze) {table}")
        if "WARNING" in warned:
            passed_over.append(table)
    return tuple(passed_over)


def _count(connection: psycopg.Connection, statement: str, user: Mapping[str, int]) -> int:
    row = connection.execute(statement, user).fetchone()
    return int(row[0]) if row else 0
