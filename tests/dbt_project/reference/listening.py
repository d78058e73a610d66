"""How long each song was really listened to, and what ended it."""

from datetime import timedelta

import polars as pl

from tests.dbt_project.reference.counting import seconds
from tests.dbt_project.reference.staged import Staged

HOUR = timedelta(hours=1)
LONGEST = 3600.0
"""Seconds: a song longer than an hour counts as one hour."""
QUALIFYING = 30.0


def timed_listens(events: Staged) -> pl.DataFrame:
    """Each listen with `listening_seconds`, `ended_by` and what follows from them."""
    listens = events.listens
    next_event = _next_moment(listens, events.session_events, "next_event_at")
    next_listen = _next_moment(listens, listens, "next_listen_at")
    known = listens.join(next_event, on="event_key", how="left").join(
        next_listen, on="event_key", how="left"
    )
    heard = known.join(_players_words(known, events.actions), on="event_key", how="left")
    return _judged(heard)


def _next_moment(listens: pl.DataFrame, events: pl.DataFrame, name: str) -> pl.DataFrame:
    """The first moment after each listen, and within an hour, at which its session goes on."""
    others = events.select("session_id", later="at")
    return (
        listens.join(others, on="session_id")
        .filter(pl.col("later") > pl.col("at"), pl.col("later") < pl.col("at") + HOUR)
        .group_by("event_key")
        .agg(pl.col("later").min().alias(name))
    )


def _players_words(listens: pl.DataFrame, actions: pl.DataFrame) -> pl.DataFrame:
    """The first stop or skip of each listen's song, before the next listen begins."""
    ends = actions.filter(pl.col("event_type").is_in(["stop", "skip"])).select(
        "session_id", "event_id", "event_type", "position_seconds",
        acted_at="at", acted_on="song_id",
    )  # fmt: skip
    wanted = listens.select("event_key", "session_id", "at", "song_id", "next_listen_at")
    return (
        wanted.join(ends, on="session_id")
        .filter(
            pl.col("acted_at") > pl.col("at"),
            pl.col("acted_at") < pl.col("at") + HOUR,
            pl.col("next_listen_at").is_null() | (pl.col("acted_at") <= pl.col("next_listen_at")),
            pl.col("song_id").is_null() | (pl.col("song_id") == pl.col("acted_on")),
        )
        .sort(
            "acted_at", "event_type", "position_seconds", "event_id",
            descending=[False, False, True, False],
        )
        .group_by("event_key", maintain_order=True)
        .agg(
            told_type=pl.col("event_type").first(),
            told_seconds=pl.col("position_seconds").first(),
        )
    )  # fmt: skip


def _judged(heard: pl.DataFrame) -> pl.DataFrame:
    bound = pl.min_horizontal("duration_seconds", pl.lit(LONGEST))
    gap = seconds(heard["next_event_at"] - heard["at"])
    cut_short = gap < pl.col("duration_seconds")
    timed = heard.with_columns(
        listening_seconds=pl.when(pl.col("told_type").is_not_null())
        .then(pl.min_horizontal("told_seconds", bound))
        .when(cut_short)
        .then(pl.min_horizontal(gap, pl.lit(LONGEST)))
        .otherwise(bound),
        ended_by=pl.when(pl.col("told_type").is_not_null())
        .then(pl.col("told_type"))
        .when(cut_short)
        .then(pl.lit("next_event"))
        .otherwise(pl.lit("song_end")),
    ).with_columns(
        is_completed=pl.col("listening_seconds") > bound - 1,
        is_qualified=pl.col("listening_seconds") >= QUALIFYING,
    )
    return timed.with_columns(
        is_skipped=~pl.col("is_completed") & pl.col("ended_by").is_in(["skip", "next_event"])
    )
