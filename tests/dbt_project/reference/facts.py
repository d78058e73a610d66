"""The facts: one row per raw row, with keys for what it refers to."""

import polars as pl

from tests.dbt_project.reference.staged import Staged

KEYS = ("user_key", "location_key", "device_key", "hour_key")
VISIT = ("session_id", "item_in_session")


def streams(listens: pl.DataFrame) -> pl.DataFrame:
    return listens.select(
        *KEYS, *VISIT, "song_key", "artist_key", "level", "duration_seconds",
        "listening_seconds", "ended_by", "is_completed", "is_skipped", "is_qualified",
        stream_key="event_key", listened_at="at",
    )  # fmt: skip


def page_views(events: Staged) -> pl.DataFrame:
    return events.of("page_view_events").select(
        *KEYS, *VISIT, "song_key", "artist_key", "level", "page", "method", "status_code",
        page_view_key="event_key", viewed_at="at",
    )  # fmt: skip


def auth_attempts(events: Staged) -> pl.DataFrame:
    return events.of("auth_events").select(
        *KEYS, *VISIT, "level", "is_success", auth_attempt_key="event_key", attempted_at="at"
    )


def plan_changes(events: Staged) -> pl.DataFrame:
    upgrades = pl.col("level") == "free"
    return events.of("status_change_events").select(
        *KEYS, *VISIT, "level", previous_level="level",
        new_level=pl.when(upgrades).then(pl.lit("paid")).otherwise(pl.lit("free")),
        change=pl.when(upgrades).then(pl.lit("upgrade")).otherwise(pl.lit("downgrade")),
        plan_change_key="event_key", changed_at="at",
    )  # fmt: skip


def player_events(events: Staged) -> pl.DataFrame:
    return events.actions.select(
        "user_key", "session_id", "song_key", "artist_key", "device_key", "hour_key",
        "event_type", "position_seconds", "region", "country", "home_region",
        player_event_key="event_key", acted_at="at",
    )  # fmt: skip
