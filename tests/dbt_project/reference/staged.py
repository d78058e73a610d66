"""The events, cleaned and keyed: one row per raw row, the same columns for all topics."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from contracts.events import EVENTS
from tests.builders import Row
from tests.dbt_project.reference import keys

SCHEMA = {
    "event_name": pl.String, "event_key": pl.String, "event_id": pl.String,
    "at": pl.Datetime("us"), "session_id": pl.Int64, "item_in_session": pl.Int64,
    "user_key": pl.String, "level": pl.String, "gender": pl.String, "test_group": pl.String,
    "city": pl.String, "state": pl.String, "registered_on": pl.Date,
    "song_id": pl.String, "song_title": pl.String, "artist_name": pl.String,
    "duration_seconds": pl.Float64, "page": pl.String, "method": pl.String,
    "status_code": pl.Int64, "is_success": pl.Boolean, "event_type": pl.String,
    "position_seconds": pl.Float64, "region": pl.String, "country": pl.String,
    "home_region": pl.String, "device_type": pl.String, "operating_system": pl.String,
    "browser": pl.String, "song_key": pl.String, "artist_key": pl.String,
    "location_key": pl.String, "device_key": pl.String, "hour_key": pl.Int64,
}  # fmt: skip
PLAIN = ("event_id", "session_id", "item_in_session", "level", "duration_seconds", "page",
         "method", "status_code", "is_success", "event_type", "position_seconds")  # fmt: skip
"""Taken over as they are."""
TRIMMED = ("gender", "city", "state", "song_id", "region", "country", "home_region",
           "device_type", "operating_system", "browser")  # fmt: skip
MUSIC = "music_events"
BLANKS = "".join(chr(each) for each in range(0x3001) if unicodedata.category(chr(each)) == "Zs")
"""Of any width, and the one that does not break."""


@dataclass(frozen=True, slots=True)
class Staged:
    """All events, and those of each topic."""

    events: pl.DataFrame

    def of(self, event_name: str) -> pl.DataFrame:
        return self.events.filter(event_name=event_name)

    @property
    def listens(self) -> pl.DataFrame:
        return self.of("listen_events")

    @property
    def session_events(self) -> pl.DataFrame:
        """What eventsim's four topics tell."""
        return self.events.filter(pl.col("event_name") != MUSIC)

    @property
    def actions(self) -> pl.DataFrame:
        return self.of(MUSIC)


def staged(raw: Mapping[str, Iterable[Row]], pseudonym_key: str) -> Staged:
    rows = [
        _cleaned(event.name, row, pseudonym_key)
        for event in EVENTS
        for row in raw.get(event.name, ())
    ]
    return Staged(_with_songs_of_pages(pl.DataFrame(rows, SCHEMA, orient="row")))


def _with_songs_of_pages(events: pl.DataFrame) -> pl.DataFrame:
    """A page names its song by artist and title: it is the one heard by them in that hour."""
    by_name = ["hour", "artist_name", "song_title"]
    events = events.with_columns(hour=pl.col("at").dt.truncate("1h"))
    heard = (
        events.filter(event_name="listen_events")
        .drop_nulls(["artist_name", "song_title"])
        .sort("song_id", "song_key", nulls_last=True)
        .group_by(by_name, maintain_order=True)
        .agg(heard_key=pl.col("song_key").first())
    )
    is_page = pl.col("event_name") == "page_view_events"
    return (
        events.join(heard, on=by_name, how="left")
        .with_columns(song_key=pl.when(is_page).then(pl.coalesce("heard_key", "song_key"))
                      .otherwise("song_key"))
        .drop("hour", "heard_key")
    )  # fmt: skip


def _cleaned(event_name: str, row: Row, pseudonym_key: str) -> Row:
    at = naive(row["occurred_at"])
    registered = row.get("registered_at")
    own = {name: row.get(name) for name in PLAIN}
    own |= {name: presence(row.get(name)) for name in TRIMMED}
    own |= {
        "event_name": event_name,
        "at": at,
        "user_key": keys.pseudonym(row.get("user_id"), pseudonym_key),
        "test_group": presence(row.get("tag")),
        "song_title": presence(mended(row.get("song"))),
        "artist_name": presence(mended(row.get("artist"))),
        "registered_on": naive(registered).date() if registered else None,
    }
    return own | _keys(own)


def _keys(own: Row) -> Row:
    return {
        "event_key": keys.event_key(own["event_id"], own["at"]),
        "song_key": keys.song_key(own["song_id"], own["artist_name"], own["song_title"]),
        "artist_key": keys.key_or_unknown(own["artist_name"]),
        "location_key": keys.key_or_unknown(own["city"], own["state"]),
        "device_key": keys.key_or_unknown(
            own["device_type"], own["operating_system"], own["browser"]
        ),
        "hour_key": keys.hour_key(own["at"]),
    }


def presence(text: str | None) -> str | None:
    return (text or "").strip(BLANKS) or None


def mended(text: str | None) -> str | None:
    """UTF-8 that some producer read as Latin-1, as it was meant; all else as it is."""
    try:
        return text and text.encode("latin-1").decode()
    except UnicodeError:
        return text


def naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
