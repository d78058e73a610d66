"""The one transaction that makes staged rows events, and the metrics a recount of all events.

An event is new if its id is. A listener is new in a window if `…_users` has no row of the two. Both
are inserts that pass over what stands, so what the metrics are raised by is what was really
inserted, however often and in whatever order rows come. Nothing that stands is read again, so a
batch costs what it brings.

Writers take turns (`LOCK`): they would otherwise wait for each other's rows, in any order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

import psycopg

from contracts.serving import RAW_COLUMNS

LOCK = 7_366_013
"""Key of the advisory lock that a transaction holds which changes events and metrics."""

_NAMES = ", ".join(each.name for each in RAW_COLUMNS)

STAGE = f"copy staging_events (run, {_NAMES}) from stdin"


# Statements are made of names in this file alone, never of values.
_NEW = """
create temporary table if not exists new_events (
    window_start timestamp with time zone, day date, event_type text, region text,
    user_id bigint, ts timestamp with time zone
) on commit delete rows
"""

_INSERT = f"""
with staged as (
    delete from staging_events where run = any(%(runs)s) returning {_NAMES}
),
inserted as (
    insert into raw_events ({_NAMES}) select {_NAMES} from staged
    on conflict (event_id) do nothing
    returning event_type, region, user_id, ts
),
kept as (
    insert into new_events
    select
        date_trunc('minute', ts, 'UTC'), (ts at time zone 'UTC')::date,
        event_type, region, user_id, ts
    from inserted
)
select count(*) from staged
"""  # noqa: S608

_FACTS = "select count(*), min(ts), max(ts) from new_events"


def _count_events(table: str, window: str) -> str:
    """Raise the events of `<table>_metrics` by the new ones; `window` is its column."""
    return f"""
    insert into {table}_metrics as kept ({window}, event_type, region, events, users)
    select {window}, event_type, region, count(*), 0
    from new_events group by {window}, event_type, region
    on conflict ({window}, event_type, region) do update
    set events = kept.events + excluded.events
    """  # noqa: S608


def _count_users(table: str, window: str) -> str:
    """Raise the users of `<table>_metrics` by those who were not in a window before."""
    return f"""
    with members as (
        insert into {table}_users (window_id, user_id)
        select distinct windows.id, new_events.user_id
        from new_events
        join {table}_metrics as windows using ({window}, event_type, region)
        on conflict do nothing
        returning window_id
    ),
    added as (select window_id, count(*) as users from members group by window_id)
    update {table}_metrics as kept set users = kept.users + added.users
    from added where kept.id = added.window_id
    """  # noqa: S608


_COUNT = (
    _count_events("minute", "window_start"),
    _count_users("minute", "window_start"),
    _count_events("daily", "day"),
    _count_users("daily", "day"),
)

# Events may be a little ahead of the clock: they end no minute that is still under way.
FINISH = """
update minute_metrics set is_final = true
where not is_final and window_start <= (
    select least(max(window_start), date_trunc('minute', now(), 'UTC')) - %(lateness)s
    from minute_metrics
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
    connection.execute("set local work_mem = '64MB'")
    connection.execute(_NEW)
    connection.execute("delete from new_events")  # of a batch before it in this transaction
    events = _row(connection.execute(_INSERT, {"runs": list(runs)}))[0]
    # Without its users, whose ids the statistics of the session would keep.
    connection.execute("analyze new_events (window_start, day, event_type, region)")
    for count in _COUNT:
        connection.execute(count)
    connection.execute(FINISH, {"lateness": lateness})
    inserted, first_ts, last_ts = _row(connection.execute(_FACTS))
    return Merged(events, inserted, first_ts, last_ts)


def _row(cursor: psycopg.Cursor) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", cursor.fetchone())
