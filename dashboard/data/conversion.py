"""What the page Conversion asks of the published tables."""

import polars as pl

from dashboard.data.tables import Tables
from dashboard.filters import Filters

ARROW = " → "


def days(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Day by day: changes of plan, listeners of both plans, and the rates."""
    where = filters.where(day="occurred_on")
    return tables.rows(
        f"select * from reporting.rpt_conversions where {where.sql} order by occurred_on",  # noqa: S608  a column of ours
        **where.parameters,
    )


def paths(tables: Tables) -> pl.DataFrame:
    """The ways that listeners took, over all days; the most used first."""
    return tables.rows(
        "select path, users from reporting.rpt_conversion_paths order by users desc, path"
    )


def totals(of_days: pl.DataFrame) -> dict[str, float | None]:
    """Sums over the days, and the rates over all of them.

    A rate is changes by the listeners on the plan, each counted on each day that they were active.

    >>> totals(pl.DataFrame({"registrations": [1], "upgrades": [2], "downgrades": [0],
    ...     "cancellations": [1], "free_users": [8], "paid_users": [4]}))["conversion_rate"]
    0.25
    """
    names = ("registrations", "upgrades", "downgrades", "cancellations", "free_users", "paid_users")
    sums = {name: float(of_days[name].sum()) for name in names}
    left = sums["downgrades"] + sums["cancellations"]
    return {
        **sums,
        "conversion_rate": _ratio(sums["upgrades"], sums["free_users"]),
        "churn_rate": _ratio(left, sums["paid_users"]),
    }


def steps(of_paths: pl.DataFrame) -> pl.DataFrame:
    """How many listeners took each step from one plan to another, whatever came before it.

    Who took a step twice counts twice: a path names each time.
    """
    pairs = (
        of_paths.with_columns(pl.col("path").str.split(" > ").alias("plans"))
        .filter(pl.col("plans").list.len() > 1)
        .with_columns(
            pl.col("plans").list.slice(0, pl.col("plans").list.len() - 1).alias("step_from"),
            pl.col("plans").list.slice(1).alias("step_to"),
        )
        .explode("step_from", "step_to")
        .filter(pl.col("step_to") != "…")
    )
    return (
        pairs.group_by("step_from", "step_to")
        .agg(pl.col("users").sum().alias("times"))
        .sort("times", "step_from", descending=[True, False])
    )


def shown(of_paths: pl.DataFrame) -> pl.DataFrame:
    """The paths with arrows, where they end, and their share of all listeners."""
    return of_paths.select(
        pl.col("path").str.replace_all(" > ", ARROW, literal=True),
        pl.col("path").str.split(" > ").list.last().replace("…", "goes on").alias("ends_as"),
        "users",
        (pl.col("users") / pl.col("users").sum()).alias("users_share"),
    )


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
