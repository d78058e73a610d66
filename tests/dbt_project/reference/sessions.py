"""Sessions as they were given, and visits as a gap of thirty minutes tells them."""

from datetime import timedelta

import polars as pl

from tests.dbt_project.reference.counting import day_of, distinct, rows, seconds, share
from tests.dbt_project.reference.keys import UNKNOWN, surrogate
from tests.dbt_project.reference.staged import Staged

IN_ORDER = ("at", "item_in_session", "event_name", "event_key")
GAP = timedelta(minutes=30)


def sessions(events: Staged, listens: pl.DataFrame) -> pl.DataFrame:
    """One row per session id, over eventsim's four topics."""
    own = pl.col("event_name")
    users = pl.col("user_key").filter(pl.col("user_key") != UNKNOWN)
    first, last = pl.col("at").first(), pl.col("at").last()
    told = (
        events.session_events.sort(IN_ORDER)
        .group_by("session_id", maintain_order=True)
        .agg(
            user_key=users.first().fill_null(UNKNOWN),
            level_at_start=pl.col("level").first(),
            level_at_end=pl.col("level").last(),
            location_key=pl.col("location_key").first(),
            device_key=pl.col("device_key").first(),
            hour_key=pl.col("hour_key").first(),
            started_at=first,
            ended_at=last,
            events=rows(),
            page_views=(own == "page_view_events").sum().cast(pl.Int64),
        )
    )
    heard = listens.group_by("session_id").agg(
        streams=rows(),
        qualified_streams=pl.col("is_qualified").sum().cast(pl.Int64),
        listening_seconds=pl.col("listening_seconds").sum(),
    )
    timed = told.with_columns(length_seconds=seconds(told["ended_at"] - told["started_at"]))
    return timed.join(heard, on="session_id", how="left").with_columns(
        pl.col("streams", "qualified_streams").fill_null(0),
        pl.col("listening_seconds").fill_null(0.0),
        session_key=pl.col("session_id").map_elements(surrogate, return_dtype=pl.String),
    )


def visit_starts(events: Staged) -> pl.DataFrame:
    """The moments at which a listener, or a guest's session, comes after thirty quiet minutes."""
    who = pl.when(pl.col("user_key") == UNKNOWN).then(
        pl.format("session:{}", "session_id")
    ).otherwise("user_key")  # fmt: skip
    moments = (
        events.session_events.group_by("at", "user_key", listener=who)
        .agg(pl.col("session_id").min())
        .sort("listener", "at")
    )
    before = pl.col("at").shift(1).over("listener", order_by="at")
    return moments.filter(before.is_null() | (pl.col("at") - before > GAP)).select(
        "session_id", "user_key", visit_started_at="at"
    )


def session_agreement(given: pl.DataFrame, rebuilt: pl.DataFrame) -> pl.DataFrame:
    """How often both ways of telling sessions agree, by the day on which they start."""
    starts = rebuilt.select("session_id", started_at="visit_started_at").unique()
    day = day_of("started_at")
    given_days = given.group_by(started_on=day).agg(given_sessions=rows())
    agreeing = given.join(starts, on=["session_id", "started_at"], how="semi")
    agreeing_days = agreeing.group_by(started_on=day).agg(agreeing_sessions=rows())
    rebuilt_days = rebuilt.group_by(started_on=day_of("visit_started_at")).agg(
        rebuilt_sessions=rows()
    )
    counts = ("given_sessions", "rebuilt_sessions", "agreeing_sessions")
    return (
        given_days.join(rebuilt_days, on="started_on", how="full", coalesce=True)
        .join(agreeing_days, on="started_on", how="left")
        .with_columns(pl.col(counts).fill_null(0))
        .with_columns(agreement_rate=share("agreeing_sessions", "given_sessions"))
    )


def session_report(given: pl.DataFrame) -> pl.DataFrame:
    """Sessions by the day on which they start."""
    known = pl.col("user_key").filter(pl.col("user_key") != UNKNOWN)
    return (
        given.group_by(started_on=day_of("started_at"))
        .agg(
            sessions=rows(),
            users=distinct("user_key"),
            of_users=known.len().cast(pl.Int64),
            mean_length_seconds=pl.col("length_seconds").mean(),
            median_length_seconds=pl.col("length_seconds").median(),
            mean_streams=pl.col("streams").mean(),
            sessions_without_streams=(pl.col("streams") == 0).sum().cast(pl.Int64),
        )
        .with_columns(sessions_per_user=share("of_users", "users"))
        .drop("of_users")
    )
