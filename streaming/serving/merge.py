"""The one transaction that makes staged rows events, and the metrics a recount of all events.

An event is new if its id is. A listener is new in a window if the window's `…_users` table has no
row for them. Both are inserts that pass over what stands, so what the metrics are raised by is
what was really inserted, however often and in whatever order rows come. Nothing that stands is
read again, so a batch costs what it brings.

Writers take turns (`LOCK`): they would otherwise wait for each other's rows, in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import psycopg

from contracts.serving import RAW_COLUMNS

LOCK = 7_366_013
"""Key of the advisory lock that a transaction holds which changes events and metrics."""

_NAMES = ", ".join(each.name for each in RAW_COLUMNS)

STAGE = f"copy staging_events (run, {_NAMES}) from stdin"


# Statements are made of names in this file alone, never of values.
def _grain(table: str, window: str, start: str) -> str:
    """Parts of the statement that keep `<table>_metrics`, whose windows begin at `start`.

    `window` is the name of that column.
    """
    final = ", is_final" if table == "minute" else ""
    return f"""
    {table}_members as (
        insert into {table}_users ({window}, event_type, region, user_id)
        select distinct {start}, event_type, region, user_id from inserted
        on conflict do nothing
        returning {window}, event_type, region
    ),
    {table}_users_added as (
        select {window}, event_type, region, count(*) as users
        from {table}_members group by {window}, event_type, region
    ),
    {table}_events_added as (
        select {start} as {window}, event_type, region, count(*) as events
        from inserted group by {start}, event_type, region
    ),
    {table}_done as (
        insert into {table}_metrics as kept ({window}, event_type, region, events, users{final})
        select {window}, event_type, region, events, coalesce(users, 0){", false" if final else ""}
        from {table}_events_added
        left join {table}_users_added using ({window}, event_type, region)
        on conflict ({window}, event_type, region) do update
        set events = kept.events + excluded.events, users = kept.users + excluded.users
    )"""  # noqa: S608


MERGE = f"""
with staged as (
    delete from staging_events where run = any(%(runs)s) returning {_NAMES}
),
inserted as (
    insert into raw_events ({_NAMES}) select {_NAMES} from staged
    on conflict (event_id) do nothing
    returning event_type, region, user_id, ts
),
{_grain("minute", "window_start", "date_trunc('minute', ts, 'UTC')")},
{_grain("daily", "day", "(ts at time zone 'UTC')::date")}
select
    (select count(*) from staged) as events,
    (select count(*) from inserted) as inserted,
    (select min(ts) from inserted) as first_ts,
    (select max(ts) from inserted) as last_ts
"""  # noqa: S608

FINISH = """
update minute_metrics set is_final = true
where not is_final and window_start <= (
    select max(window_start) - %(lateness)s from minute_metrics
)
"""


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of the staged rows."""

    events: int
    inserted: int
    first_ts: datetime | None
    """Of the oldest that was inserted; `last_ts` of the newest."""
    last_ts: datetime | None


def take_turn(connection: psycopg.Connection) -> None:
    """Wait until no other transaction changes events and metrics; ours is the next."""
    connection.execute("select pg_advisory_xact_lock(%s)", [LOCK])


def merge(connection: psycopg.Connection, runs: Sequence[str], lateness: timedelta) -> Merged:
    """Make the staged rows of `runs` events, within the caller's transaction.

    Args:
        connection: In a transaction that has its turn.
        runs: Whose rows.
        lateness: How long before the newest window others become final.
    """
    row = connection.execute(MERGE, {"runs": list(runs)}).fetchone()
    connection.execute(FINISH, {"lateness": lateness})
    return Merged(*cast("tuple[int, int, datetime | None, datetime | None]", row))
