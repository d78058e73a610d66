"""Who was there: by day, by what is known of them, by where they are from."""

from datetime import date

import polars as pl

from tests.dbt_project.reference.counting import (
    DAY,
    covered_days,
    day_of,
    distinct,
    how_many,
    rows,
    share,
)
from tests.dbt_project.reference.keys import UNKNOWN
from tests.dbt_project.reference.staged import Staged

AGES = ((7, "under 7 days"), (30, "7 to 29 days"), (90, "30 to 89 days"), (365, "90 to 364 days"))
KNOWN = ("level", "gender", "test_group", "state", "registered_on")
LATEST = ("at", "session_id", "item_in_session", "event_name", "event_key")
USER_DAY = ["user_key", "day"]


def active_users(events: Staged) -> pl.DataFrame:
    """Different listeners of each covered day, and of the 7 and 28 days that end with it."""
    active = _known(events.events).select("user_key", day=day_of()).unique()
    days = [
        {
            "active_on": day,
            "daily_users": _active_since(active, day, 1),
            "weekly_users": _active_since(active, day, 7),
            "monthly_users": _active_since(active, day, 28),
        }
        for day in covered_days(events.events)
    ]
    schema = {"active_on": pl.Date, "daily_users": pl.Int64,
              "weekly_users": pl.Int64, "monthly_users": pl.Int64}  # fmt: skip
    return pl.DataFrame(days, schema, orient="row").with_columns(
        stickiness=share("daily_users", "monthly_users")
    )


def _active_since(active: pl.DataFrame, day: date, days: int) -> int:
    within = active.filter(pl.col("day") <= day, pl.col("day") > day - days * DAY)
    return within["user_key"].n_unique()


def user_days(events: Staged, listens: pl.DataFrame) -> pl.DataFrame:
    """Each day of each listener: what they did, and the latest that is known of them that day."""
    seen = _known(events.events).select("user_key", day=day_of()).unique()
    latest = (
        _known(events.session_events)
        .with_columns(day=day_of())
        .sort(LATEST)
        .group_by(USER_DAY, maintain_order=True)
        .agg(pl.col(KNOWN).last())
    )
    heard = (
        _known(listens)
        .group_by("user_key", day=day_of())
        .agg(
            streams=rows(),
            qualified_streams=how_many(pl.col("is_qualified")),
            skipped_streams=how_many(pl.col("is_skipped")),
            listening_seconds=pl.col("listening_seconds").sum(),
        )
    )
    return (
        seen.join(latest, on=USER_DAY, how="left")
        .join(heard, on=USER_DAY, how="left")
        .with_columns(
            pl.col("streams", "qualified_streams", "skipped_streams").fill_null(0),
            pl.col("listening_seconds").fill_null(0.0),
        )
    )


def demographics(days: pl.DataFrame) -> pl.DataFrame:
    """From `user_days`."""
    known_as = pl.col("gender", "level", "state").fill_null("unknown")
    return days.group_by(
        known_as, active_on="day", account_age=_age(pl.col("day"), pl.col("registered_on"))
    ).agg(users=rows(), streams=pl.col("streams").sum(),
          listening_seconds=pl.col("listening_seconds").sum())  # fmt: skip


def _age(day: pl.Expr, registered_on: pl.Expr) -> pl.Expr:
    days = (day - registered_on).dt.total_days()
    age = pl.when(days.is_null()).then(pl.lit("unknown"))
    for below, name in AGES:
        age = age.when(days < below).then(pl.lit(name))
    return age.otherwise(pl.lit("365 days and more"))


def test_groups(days: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """From `user_days` and the plan changes, which count in the group of the listener's day."""
    changed = (
        changes.filter(pl.col("user_key") != UNKNOWN)
        .group_by("user_key", day=day_of("changed_at"))
        .agg(
            upgrades=how_many(pl.col("change") == "upgrade"),
            downgrades=how_many(pl.col("change") == "downgrade"),
        )
    )
    counts = ("streams", "qualified_streams", "skipped_streams", "listening_seconds",
              "upgrades", "downgrades")  # fmt: skip
    return (
        days.join(changed, on=USER_DAY, how="left")
        .with_columns(pl.col("upgrades", "downgrades").fill_null(0))
        .group_by(pl.col("test_group").fill_null("none"), active_on="day")
        .agg(pl.col(counts).sum(), users=rows())
        .with_columns(
            skip_rate=share("skipped_streams", "streams"),
            streams_per_user=share("streams", "users"),
        )
        .drop("skipped_streams")
    )


def geography(events: Staged, listens: pl.DataFrame) -> pl.DataFrame:
    """By the state of the home that each event tells."""
    state = pl.col("state").fill_null("unknown")
    heard = listens.group_by(state, occurred_on=day_of()).agg(
        streams=rows(),
        listeners=distinct("user_key"),
        guest_streams=how_many(pl.col("user_key") == UNKNOWN),
        listening_seconds=pl.col("listening_seconds").sum(),
    )
    viewed = (
        events.of("page_view_events").group_by(state, occurred_on=day_of()).agg(page_views=rows())
    )
    return heard.join(viewed, on=["occurred_on", "state"], how="full", coalesce=True).with_columns(
        pl.exclude("occurred_on", "state").fill_null(0)
    )


def retention(days: pl.DataFrame) -> pl.DataFrame:
    """Which share of those who registered in a week were there so many weeks later.

    From `user_days`. Every week in which anybody was there counts for all who had registered by
    then. Of a listener counts the latest that is known in a week, and of that the earliest.
    """
    weeks = (
        days.sort("day")
        .group_by("user_key", active_week=pl.col("day").dt.truncate("1w"), maintain_order=True)
        .agg(pl.col("registered_on").drop_nulls().last())
    )
    registered = (
        weeks.group_by("user_key")
        .agg(pl.col("registered_on").min())
        .drop_nulls()
        .select("user_key", registration_week=pl.col("registered_on").dt.truncate("1w"))
    )
    came = registered.join(weeks, on="user_key").group_by("registration_week", "active_week")
    since = (pl.col("active_week") - pl.col("registration_week")).dt.total_days() // 7
    return (
        registered.group_by("registration_week")
        .agg(registered_users=rows())
        .join(weeks.select("active_week").unique(), how="cross")
        .filter(pl.col("active_week") >= pl.col("registration_week"))
        .join(came.agg(active_users=rows()), on=["registration_week", "active_week"], how="left")
        .with_columns(pl.col("active_users").fill_null(0), weeks_since_registration=since)
        .with_columns(retention_rate=share("active_users", "registered_users"))
        .drop("active_week")
    )


def _known(events: pl.DataFrame) -> pl.DataFrame:
    return events.filter(pl.col("user_key") != UNKNOWN)
