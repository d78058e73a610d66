"""What is narrowed down to states, plans and devices: streams, listeners, visits."""

import polars as pl

from tests.dbt_project.reference.counting import day_of, how_many, rows
from tests.dbt_project.reference.keys import UNKNOWN
from tests.dbt_project.reference.staged import Staged

FILTERS = ("state", "level", "device_type")
KNOWN_FILTERS = [pl.col(name).fill_null("unknown") for name in FILTERS]
MEASURES = {
    "streams": rows(),
    "qualified_streams": how_many(pl.col("is_qualified")),
    "skips": how_many(pl.col("is_skipped")),
    "completions": how_many(pl.col("is_completed")),
    "listening_seconds": pl.col("listening_seconds").sum(),
}


def streams_by_hour(listens: pl.DataFrame) -> pl.DataFrame:
    return listens.group_by(*KNOWN_FILTERS, hour_starts_at=pl.col("at").dt.truncate("1h")).agg(
        **MEASURES, guest_streams=how_many(pl.col("user_key") == UNKNOWN)
    )


def listener_days(events: Staged, listens: pl.DataFrame) -> pl.DataFrame:
    """Who was seen each day, and with what; at the player only where nothing else tells of them."""
    day, cell = day_of().alias("active_on"), ["active_on", "user_key", *FILTERS]
    told = _known(events.session_events).select("user_key", day, *KNOWN_FILTERS).unique()
    acting = _known(events.actions).with_columns(state=None, level=None)
    acting = acting.select("user_key", day, *KNOWN_FILTERS).unique()
    seen = pl.concat([told, acting.join(told, on=["user_key", "active_on"], how="anti")])
    heard = _known(listens).group_by("user_key", day, *KNOWN_FILTERS).agg(**MEASURES)
    number = pl.col("user_key").str.slice(0, 15).str.to_integer(base=16)
    return (
        seen.join(heard, on=cell, how="left")
        .with_columns(pl.col(*MEASURES).fill_null(0), listener_number=number)
        .drop("user_key")
    )


def session_days(
    given: pl.DataFrame, locations: pl.DataFrame, devices: pl.DataFrame
) -> pl.DataFrame:
    """Visits by the day on which they begin, and what their first event tells."""
    states = locations.select("location_key", pl.col("state").replace("Unknown state", "unknown"))
    return (
        given.join(states, on="location_key")
        .join(devices.select("device_key", "device_type"), on="device_key")
        .group_by("state", "device_type", started_on=day_of("started_at"), level="level_at_start")
        .agg(
            sessions=rows(),
            guest_sessions=how_many(pl.col("user_key") == UNKNOWN),
            sessions_without_streams=how_many(pl.col("streams") == 0),
            streams=pl.col("streams").sum(),
            length_seconds=pl.col("length_seconds").sum(),
        )
    )


def _known(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter(pl.col("user_key") != UNKNOWN)
