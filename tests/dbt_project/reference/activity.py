"""How much happened: by hour, by kind of event, by device and country, round the clock."""

from datetime import timedelta

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
from tests.dbt_project.reference.staged import Staged

COUNTED = {
    "streams": "listen_events",
    "page_views": "page_view_events",
    "login_attempts": "auth_events",
    "plan_changes": "status_change_events",
    "player_actions": "music_events",
}


def daily_metrics(events: Staged) -> pl.DataFrame:
    return events.actions.group_by(
        "event_type",
        pl.col("country", "region").fill_null("unknown"),
        acted_on=day_of(),
    ).agg(events=rows(), users=distinct("user_key"), sessions=distinct("session_id"))


def hourly_activity(events: Staged, listens: pl.DataFrame) -> pl.DataFrame:
    """Every hour from the first with any event to the last."""
    hour = pl.col("at").dt.truncate("1h")
    busy = events.events.group_by(hour_starts_at=hour).agg(
        **{name: how_many(pl.col("event_name") == topic) for name, topic in COUNTED.items()},
        sessions=distinct("session_id"),
        active_users=distinct("user_key"),
    )
    heard = listens.group_by(hour_starts_at=hour).agg(pl.col("listening_seconds").sum())
    hours = (
        covered_hours(events.events)
        .join(busy, on="hour_starts_at", how="left")
        .join(heard, on="hour_starts_at", how="left")
        .with_columns(pl.exclude("hour_starts_at").fill_null(0))
    )
    day_before = hours.select(
        pl.col("hour_starts_at") + DAY,
        streams_day_before="streams",
        active_users_day_before="active_users",
    )
    return hours.join(day_before, on="hour_starts_at", how="left")


def covered_hours(events: pl.DataFrame) -> pl.DataFrame:
    hours = events["at"].dt.truncate("1h")
    count = (hours.max() - hours.min()) // timedelta(hours=1) + 1 if len(hours) else 0
    covered = [hours.min() + timedelta(hours=number) for number in range(count)]
    return pl.DataFrame({"hour_starts_at": covered}, {"hour_starts_at": pl.Datetime("us")})


def listening_clock(hours: pl.DataFrame) -> pl.DataFrame:
    """From `hourly_activity`: the mean hour of each weekday and time of day."""
    start = pl.col("hour_starts_at").dt
    return hours.group_by(
        weekday=start.weekday().cast(pl.Int64), hour_of_day=start.hour().cast(pl.Int64)
    ).agg(
        hours=rows(),
        mean_streams=pl.col("streams").mean(),
        mean_listening_seconds=pl.col("listening_seconds").mean(),
        mean_active_users=pl.col("active_users").mean(),
    )


def player_engagement(events: Staged) -> pl.DataFrame:
    kind = pl.col("event_type")
    return (
        events.actions.group_by(
            pl.col("device_type", "country").fill_null("unknown"),
            hour_starts_at=pl.col("at").dt.truncate("1h"),
        )
        .agg(
            events=rows(),
            plays=how_many(kind == "play"),
            skips=how_many(kind == "skip"),
            playlist_additions=how_many(kind == "add_to_playlist"),
            users=distinct("user_key"),
            sessions=distinct("session_id"),
        )
        .with_columns(skip_rate=share("skips", "plays"))
    )


def event_types(events: Staged) -> pl.DataFrame:
    """Each type's events of a day, its share of its topic, and how it was before."""
    days = covered_days(events.events)
    counts = (
        _typed(events.events).group_by("event_name", "event_type", day="day").agg(events=rows())
    )
    of_topic = counts.group_by("day", "event_name").agg(topic_events=pl.col("events").sum())
    before = counts.select(
        "event_name", "event_type", pl.col("day") + DAY, events_day_before="events"
    )
    seven = (
        counts.join(counts.select("event_name", "event_type", other="day", others="events"),
                    on=["event_name", "event_type"])
        .filter(pl.col("other") <= pl.col("day"), pl.col("other") > pl.col("day") - 7 * DAY)
        .group_by("event_name", "event_type", "day")
        .agg(events_7_days=pl.col("others").sum())
    )  # fmt: skip
    kind = ["event_name", "event_type", "day"]
    first = pl.lit(days[0] if days else None, pl.Date)
    covered = pl.min_horizontal((pl.col("day") - first).dt.total_days() + 1, pl.lit(7))
    return (
        counts.join(of_topic, on=["day", "event_name"])
        .join(before, on=kind, how="left")
        .join(seven, on=kind)
        .with_columns(covered_days=covered)
        .select(
            "event_name", "event_type", "events", occurred_on="day",
            share_of_topic=share("events", "topic_events"),
            events_day_before=pl.when(pl.col("day") > first)
            .then(pl.col("events_day_before").fill_null(0)),
            mean_events_7_days=share("events_7_days", "covered_days"),
        )
    )  # fmt: skip


def _typed(events: pl.DataFrame) -> pl.DataFrame:
    topic = pl.col("event_name")
    kind = (
        pl.when(topic == "listen_events").then(pl.lit("listen"))
        .when(topic == "page_view_events").then(pl.col("page"))
        .when(topic == "auth_events")
        .then(pl.when(pl.col("is_success")).then(pl.lit("success")).otherwise(pl.lit("failure")))
        .when(topic == "status_change_events")
        .then(pl.when(pl.col("level") == "free").then(pl.lit("upgrade"))
              .otherwise(pl.lit("downgrade")))
        .otherwise(pl.col("event_type"))
    )  # fmt: skip
    return events.with_columns(event_type=kind, day=day_of())
