"""Making the metrics anew, after rows of `raw_events` were removed: a listener's, a year's."""

from datetime import timedelta

import psycopg

from streaming.serving.merge import FINISH, take_turn

_GRAINS = (
    ("minute", "window_start", "date_trunc('minute', ts, 'UTC')"),
    ("daily", "day", "(ts at time zone 'UTC')::date"),
)


# Statements are made of names in this file alone, never of values.
def recount(connection: psycopg.Connection, lateness: timedelta) -> int:
    """Count all of `raw_events` in one transaction; how many there are.

    Readers see the old metrics until it is done; writers wait.
    """
    with connection.transaction():
        take_turn(connection)
        for table, window, start in _GRAINS:
            connection.execute(f"delete from {table}_metrics")  # noqa: S608
            connection.execute(f"delete from {table}_users")  # noqa: S608
            connection.execute(
                f"insert into {table}_metrics ({window}, event_type, region, events, users) "  # noqa: S608
                f"select {start}, event_type, region, count(*), count(distinct user_id) "
                "from raw_events group by 1, 2, 3"
            )
            connection.execute(
                f"insert into {table}_users (window_id, user_id) "  # noqa: S608
                "select distinct windows.id, user_id from raw_events "
                f"join {table}_metrics as windows using (event_type, region) "
                f"where windows.{window} = {start}"
            )
        connection.execute(FINISH, {"lateness": lateness})
        row = connection.execute("select count(*) from raw_events").fetchone()
    return int(row[0]) if row else 0
