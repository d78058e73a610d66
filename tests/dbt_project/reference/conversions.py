"""From visitor to listener to subscriber, and away."""

import polars as pl

from tests.dbt_project.reference.counting import day_of, how_many, rows, share
from tests.dbt_project.reference.keys import UNKNOWN
from tests.dbt_project.reference.staged import Staged

STEPS = 6
CANCELLED = "Cancellation Confirmation"


def conversions(events: Staged, days: pl.DataFrame, changes: pl.DataFrame) -> pl.DataFrame:
    """Each day with any event: who came, went up, went down, left; and of how many."""
    lively = events.events.select(occurred_on=day_of()).unique()
    viewed = (
        events.of("page_view_events")
        .group_by(occurred_on=day_of())
        .agg(
            registrations=how_many(pl.col("page") == "Submit Registration"),
            cancellations=how_many(pl.col("page") == CANCELLED),
        )
    )
    changed = changes.group_by(occurred_on=day_of("changed_at")).agg(
        upgrades=how_many(pl.col("change") == "upgrade"),
        downgrades=how_many(pl.col("change") == "downgrade"),
    )
    users = days.group_by(occurred_on="day").agg(
        free_users=how_many(pl.col("level") == "free"),
        paid_users=how_many(pl.col("level") == "paid"),
    )
    return (
        lively.join(viewed, on="occurred_on", how="left")
        .join(changed, on="occurred_on", how="left")
        .join(users, on="occurred_on", how="left")
        .with_columns(pl.exclude("occurred_on").fill_null(0))
        .with_columns(left=pl.col("downgrades") + pl.col("cancellations"))
        .with_columns(
            conversion_rate=share("upgrades", "free_users"),
            churn_rate=share("left", "paid_users"),
        )
        .drop("left")
    )


def conversion_paths(events: Staged, users: pl.DataFrame) -> pl.DataFrame:
    """How many listeners went which way through the plans."""
    versions = users.filter(pl.col("user_key") != UNKNOWN).select(
        "user_key", at="valid_from", step="level", place=0
    )
    cancelled = events.of("page_view_events").filter(
        pl.col("page") == CANCELLED, pl.col("user_key") != UNKNOWN
    )
    ends = cancelled.select("user_key", "at", step=pl.lit("cancelled"), place=1)
    paths = [
        {"path": _path(steps["step"].to_list())}
        for _, steps in pl.concat([versions, ends]).sort("at", "place").group_by("user_key")
    ]
    return pl.DataFrame(paths, {"path": pl.String}).group_by("path").agg(users=rows())


def _path(steps: list[str]) -> str:
    """Repeats joined; at most so many steps."""
    joined = [each for n, each in enumerate(steps) if n == 0 or each != steps[n - 1]]
    return " > ".join(joined if len(joined) <= STEPS else [*joined[:STEPS], "…"])
