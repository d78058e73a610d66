"""The player's actions in tests: as messages, as rows, and their metrics counted anew."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import polars as pl
import psycopg
import pyarrow as pa

from contracts.events import MUSIC_EVENTS
from contracts.to_arrow import accepted_schema

START = datetime(2026, 1, 2, 23, 58, tzinfo=UTC)
"""Two minutes before midnight: events fall into two days."""
SCHEMA = accepted_schema(MUSIC_EVENTS)


def action(number: int, **fields: object) -> dict[str, object]:
    """Action `number`, which comes 10 seconds after the one before it, by one of seven users."""
    at = START + timedelta(seconds=10 * number)
    return {
        "event_id": f"e-{number}",
        "ts": int(at.timestamp() * 1000),
        "user_id": number % 7,
        "session_id": 1,
        "event_type": ("play", "pause", "skip")[number % 3],
        "song_id": "S1",
        "song": "Song",
        "artist": "Artist",
        "position_seconds": 1.5,
        "device_type": "phone",
        "region": ("CA", "NY")[number % 2],
        "country": "US",
    } | fields


def message(number: int, **fields: object) -> bytes:
    """The action as it is sent."""
    return json.dumps(action(number, **fields)).encode()


def rows_of(actions: Iterable[dict[str, object]]) -> pa.Table:
    """Actions as accepted rows."""
    landed = {"home_region": None, "unknown_fields": None, "kafka_topic": "music_events",
              "kafka_partition": 0, "kafka_offset": 0, "landed_at": START}  # fmt: skip
    rows = [
        each | landed | {"occurred_at": datetime.fromtimestamp(each["ts"] / 1000, UTC)}
        for each in actions
    ]
    return pa.Table.from_pylist([{name: row[name] for name in SCHEMA.names} for row in rows],
                                schema=SCHEMA)  # fmt: skip


def raw_events(connection: psycopg.Connection) -> pl.DataFrame:
    """What the metrics must count."""
    rows = connection.execute(
        "select event_id, ts, event_type, region, user_id from raw_events"
    ).fetchall()
    names = ["event_id", "ts", "event_type", "region", "user_id"]
    types = {"event_id": pl.String, "ts": pl.Datetime("us", "UTC"), "event_type": pl.String,
             "region": pl.String, "user_id": pl.Int64}  # fmt: skip
    return pl.DataFrame(rows, schema={name: types[name] for name in names}, orient="row")


def recounted(events: pl.DataFrame, every: str) -> list[tuple]:
    """Events and users by window, type and region, counted by polars."""
    counted = events.group_by(pl.col("ts").dt.truncate(every), "event_type", "region").agg(
        pl.len().alias("events"), pl.col("user_id").n_unique().alias("users")
    )
    return sorted(counted.rows())


def minute_metrics(connection: psycopg.Connection) -> list[tuple]:
    return sorted(
        connection.execute(
            "select window_start, event_type, region, events, users from minute_metrics"
        ).fetchall()
    )


def daily_metrics(connection: psycopg.Connection) -> list[tuple]:
    rows = connection.execute(
        "select day, event_type, region, events, users from daily_metrics"
    ).fetchall()
    return sorted((datetime(*day.timetuple()[:3], tzinfo=UTC), *rest) for day, *rest in rows)


def check_metrics_are_a_recount(connection: psycopg.Connection) -> pl.DataFrame:
    """All windows are what polars counts in `raw_events`; the events."""
    with connection.transaction():
        events = raw_events(connection)
        assert minute_metrics(connection) == recounted(events, "1m")
        assert daily_metrics(connection) == recounted(events, "1d")
        finals = connection.execute(
            "select count(*) from minute_metrics where is_final <> (window_start <= "
            "(select max(window_start) from minute_metrics) - interval '5 minutes')"
        ).fetchone()
        assert finals == (0,)
        assert connection.execute("select count(*) from staging_events").fetchone() == (0,)
    return events
