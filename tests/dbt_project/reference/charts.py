"""Songs and artists by the day, and the charts of days and weeks."""

from datetime import timedelta

import polars as pl

from tests.dbt_project.reference.counting import (
    DAY,
    day_of,
    distinct,
    how_many,
    rows,
    share,
)
from tests.dbt_project.reference.keys import UNKNOWN

PLACES = 100
MEASURES = {
    "plays": rows(),
    "listeners": distinct("user_key"),
    "qualified_plays": how_many(pl.col("is_qualified")),
    "skips": how_many(pl.col("is_skipped")),
    "completions": how_many(pl.col("is_completed")),
    "listening_seconds": pl.col("listening_seconds").sum(),
}
RATES = {
    "skip_rate": share("skips", "plays"),
    "completion_rate": share("completions", "plays"),
}


def song_plays(listens: pl.DataFrame) -> pl.DataFrame:
    """Days of songs, as they were called that day."""
    known = _by_day(listens, "song_key").with_columns(
        pl.col("song_title").fill_null("Unknown song"),
        pl.col("artist_name").fill_null("Unknown artist"),
    )
    day_and_song = ["listened_on", "song_key"]
    called = (
        known.group_by(*day_and_song, "song_title", "artist_name")
        .agg(last_heard_at=pl.col("at").max())
        .sort("last_heard_at", "song_title", "artist_name", descending=[True, False, False])
        .group_by(day_and_song, maintain_order=True)
        .agg(pl.col("song_title", "artist_name").first())
    )
    measured = known.group_by(day_and_song).agg(**MEASURES).with_columns(**RATES)
    return measured.join(called, on=day_and_song)


def artist_plays(listens: pl.DataFrame) -> pl.DataFrame:
    return (
        _by_day(listens, "artist_key")
        .group_by("listened_on", "artist_key", "artist_name")
        .agg(**MEASURES, songs=distinct("song_key"))
        .with_columns(**RATES)
    )


def _by_day(listens: pl.DataFrame, key: str) -> pl.DataFrame:
    return listens.filter(pl.col(key) != UNKNOWN).with_columns(listened_on=day_of())


def top_songs(plays: pl.DataFrame) -> pl.DataFrame:
    """From `song_plays`."""
    return _chart(plays, "song", ["song_title", "artist_name"])


def top_artists(plays: pl.DataFrame) -> pl.DataFrame:
    """From `artist_plays`."""
    return _chart(plays, "artist", ["artist_name"])


def _chart(plays: pl.DataFrame, of: str, names: list[str]) -> pl.DataFrame:
    day = pl.col("listened_on")
    starts = {"day": (day, DAY), "week": (day.dt.truncate("1w"), 7 * DAY)}
    charts = []
    for period, (start, length) in starts.items():
        ranked = _ranked(plays.with_columns(period_starts_on=start), f"{of}_key", names)
        charts.append(_moved(ranked, f"{of}_key", length).with_columns(period=pl.lit(period)))
    return pl.concat(charts).rename({"rank": f"{of}_rank"})


def _ranked(plays: pl.DataFrame, key: str, names: list[str]) -> pl.DataFrame:
    """The first hundred of each period, called as on its last day with them."""
    rank = pl.int_range(1, pl.len() + 1).cast(pl.Int64)
    return (
        plays.sort("listened_on")
        .group_by("period_starts_on", key, maintain_order=True)
        .agg(pl.col("plays").sum(), pl.col(names).last())
        .sort("plays", *names, key, descending=[True, *(False for _ in names), False])
        .with_columns(rank=rank.over("period_starts_on"))
        .filter(pl.col("rank") <= PLACES)
    )


def _moved(ranked: pl.DataFrame, key: str, length: timedelta) -> pl.DataFrame:
    """With the place in the period before."""
    before = ranked.select(key, pl.col("period_starts_on") + length, previous_rank="rank")
    return ranked.join(before, on=["period_starts_on", key], how="left").with_columns(
        rank_movement=pl.col("previous_rank") - pl.col("rank"),
        is_entry=pl.col("previous_rank").is_null(),
    )
