"""What streams are joined to, where there is no catalogue."""

from datetime import datetime

import polars as pl

from tests.dbt_project.reference.activity import covered_hours
from tests.dbt_project.reference.keys import UNKNOWN
from tests.dbt_project.reference.staged import Staged

NOT_IN_CATALOGUE = {
    "album_title": pl.lit(None, pl.String), "release_year": pl.lit(None, pl.Int64),
    "tempo_bpm": pl.lit(None, pl.Float64), "loudness_db": pl.lit(None, pl.Float64),
    "hotness": pl.lit(None, pl.Float64), "is_in_catalogue": pl.lit(value=False),
}  # fmt: skip
IS_LISTEN = pl.col("event_name") == "listen_events"
HEARD = pl.col("at").filter(IS_LISTEN)
SPAN = {"first_heard_at": HEARD.min(), "last_heard_at": HEARD.max()}


def songs(events: Staged) -> pl.DataFrame:
    """Each song that any event names, as it was called when last heard, or else last named."""
    named = events.events.filter(pl.col("song_key") != UNKNOWN)
    called = ["artist_key", "song_id", "song_title", "artist_name", "duration_seconds"]
    last = (
        named.group_by("song_key", *called)
        .agg(
            heard=HEARD.max(),
            mentioned=pl.col("at").filter(~IS_LISTEN).max().dt.truncate("1h"),
        )
        .with_columns(mentioned=pl.when(pl.col("heard").is_null()).then("mentioned"))
        .sort(
            "heard", "mentioned", "song_title", "artist_name", "duration_seconds",
            descending=[True, True, False, False, False], nulls_last=True,
        )
        .group_by("song_key", maintain_order=True)
        .agg(pl.col(called).first())
    )  # fmt: skip
    known = last.join(named.group_by("song_key").agg(**SPAN), on="song_key")
    return _with_unknown(known, "song_key", artist_key=UNKNOWN).with_columns(
        pl.col("song_title").fill_null("Unknown song"),
        pl.col("artist_name").fill_null("Unknown artist"),
        **NOT_IN_CATALOGUE,
    )


def artists(events: Staged) -> pl.DataFrame:
    named = events.events.filter(pl.col("artist_key") != UNKNOWN)
    known = named.group_by("artist_key", "artist_name").agg(**SPAN)
    return _with_unknown(known, "artist_key").with_columns(
        pl.col("artist_name").fill_null("Unknown artist"),
        songs_in_catalogue=pl.lit(0, pl.Int64),
        is_in_catalogue=pl.lit(value=False),
    )


def locations(events: Staged) -> pl.DataFrame:
    known = (
        events.session_events.filter(pl.col("location_key") != UNKNOWN)
        .group_by("location_key", "city", "state")
        .agg(pl.col("home_region").max())
    )
    return _with_unknown(known, "location_key").with_columns(
        pl.col("city").fill_null("Unknown city"),
        pl.col("state").fill_null("Unknown state"),
        pl.col("home_region").fill_null("Unknown region"),
    )


def devices(events: Staged) -> pl.DataFrame:
    told = ("device_type", "operating_system", "browser")
    seen = events.events.select("device_key", *told).unique()
    known = seen.filter(pl.col("device_key") != UNKNOWN)
    return _with_unknown(known, "device_key").with_columns(pl.col(told).fill_null("unknown"))


def hours(events: Staged) -> pl.DataFrame:
    """The calendar, hour by hour, from the first hour with any event to the last."""
    rows = [_calendar(start) for start in covered_hours(events.events)["hour_starts_at"]]
    known = pl.DataFrame(rows, CALENDAR, orient="row")
    return _with_unknown(known, "hour_key", 0, weekday_name="Unknown")


CALENDAR = {
    "hour_key": pl.Int64, "hour_starts_at": pl.Datetime("us"), "calendar_date": pl.Date,
    "hour_of_day": pl.Int64, "weekday": pl.Int64, "iso_week": pl.Int64, "iso_year": pl.Int64,
    "calendar_month": pl.Int64, "calendar_quarter": pl.Int64, "calendar_year": pl.Int64,
    "weekday_name": pl.String, "is_weekend": pl.Boolean,
}  # fmt: skip


def _calendar(start: datetime) -> dict[str, object]:
    iso_year, iso_week, weekday = start.isocalendar()
    return {
        "hour_key": int(f"{start:%Y%m%d%H}"), "hour_starts_at": start,
        "calendar_date": start.date(), "hour_of_day": start.hour, "weekday": weekday,
        "iso_week": iso_week, "iso_year": iso_year, "calendar_month": start.month,
        "calendar_quarter": (start.month + 2) // 3, "calendar_year": start.year,
        "weekday_name": f"{start:%A}", "is_weekend": weekday in {6, 7},
    }  # fmt: skip


def _with_unknown(
    known: pl.DataFrame, key: str, unknown: str | int = UNKNOWN, **values: str
) -> pl.DataFrame:
    """And the one row for what is not known: nothing but its key, and these."""
    row = dict.fromkeys(known.columns) | {key: unknown} | values
    return pl.concat([known, pl.DataFrame([row], known.schema, orient="row")])


def wide_streams(streams: pl.DataFrame, dims: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Streams with what is known of listener, song, place, device and hour: each exactly once."""
    versions = dims["users"].select(
        "user_key", "user_version_key", "valid_from", "valid_to", "gender", "test_group",
        "registered_on",
    )  # fmt: skip
    met = streams.join(versions, on="user_key").filter(
        pl.col("listened_at") >= pl.col("valid_from"),
        pl.col("valid_to").is_null() | (pl.col("listened_at") < pl.col("valid_to")),
    )
    of_song = ("song_id", "song_title", "album_title", "release_year")
    of_hour = ("calendar_date", "hour_of_day", "weekday", "is_weekend")
    return (
        met.drop("valid_from", "valid_to")
        .join(dims["songs"].select("song_key", *of_song), on="song_key")
        .join(dims["artists"].select("artist_key", "artist_name"), on="artist_key")
        .join(dims["locations"], on="location_key")
        .join(dims["devices"], on="device_key")
        .join(dims["datetimes"].select("hour_key", *of_hour), on="hour_key")
    )
