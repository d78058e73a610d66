"""What the page Data health asks of the published accounts: hours, and whether they add up."""

from datetime import timedelta
from typing import Literal

import polars as pl

from dashboard.data.tables import Tables
from dashboard.filters import Filters

HourState = Literal["complete", "waiting", "missing"]
ALL_TOPICS = "All topics"
_RANK = {"complete": 0, "waiting": 1, "missing": 2}
_HOUR = timedelta(hours=1)


def hours(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Each topic's hours, and whether the published tables show all that is loaded of them.

    `complete`: built from what is loaded; `waiting`: more was loaded since; `missing`: nothing of
    it was ever loaded, though earlier and later hours were.
    """
    where = filters.where(hour="hour")
    known = tables.rows(
        f"""
        select event, hour, raw_rows,
            coalesce(built_hours.manifests = raw_hours.manifests, false) as is_built
        from reconciliation.raw_hours
        left join reconciliation.built_hours using (event, hour)
        where {where.sql} order by event, hour
        """,  # noqa: S608  columns of ours; values are parameters
        **where.parameters,
    )
    state = pl.when("is_built").then(pl.lit("complete")).otherwise(pl.lit("waiting"))
    return _with_missing(known.with_columns(state.alias("state")).drop("is_built"))


def _with_missing(known: pl.DataFrame) -> pl.DataFrame:
    """The same with each topic's hours that lack, between the first and the last of all."""
    if known.is_empty():
        return known
    first, last = known["hour"].min(), known["hour"].max()
    between = pl.datetime_range(first, last, _HOUR, eager=True).alias("hour")  # type: ignore[arg-type]  # both are times
    unit = known.schema["hour"]
    wanted = (
        known.select("event").unique().join(pl.DataFrame({"hour": between.cast(unit)}), how="cross")
    )
    return (
        wanted.join(known, on=["event", "hour"], how="left")
        .with_columns(pl.col("state").fill_null("missing"), pl.col("raw_rows").fill_null(0))
        .sort("event", "hour")
    )


def hours_of(of_topics: pl.DataFrame, topic: str) -> pl.DataFrame:
    """One topic's hours; of all topics the hours with their rows, and the worst of the states."""
    if topic != ALL_TOPICS:
        return of_topics.filter(pl.col("event") == topic)
    rank = pl.col("state").replace_strict(_RANK, return_dtype=pl.Int8)
    names = {number: name for name, number in _RANK.items()}
    return (
        of_topics.group_by("hour")
        .agg(pl.col("raw_rows").sum(), rank.max().replace_strict(names).alias("state"))
        .sort("hour")
    )


def loads(tables: Tables, filters: Filters) -> pl.DataFrame:
    """The account of each hour's load: what landed, and what became of it."""
    where = filters.where(hour="hour")
    return tables.rows(
        f"""
        select event, hour, accepted, replayed, from_files, raw_rows, duplicates,
            conflicting_duplicates, erased,
            accepted + replayed + from_files = raw_rows + duplicates + erased as adds_up
        from reconciliation.raw_hours where {where.sql} order by hour desc, event
        """,  # noqa: S608  columns of ours; values are parameters
        **where.parameters,
    )


def facts(tables: Tables, filters: Filters) -> pl.DataFrame:
    """Rows of each fact against its raw table, by hour."""
    where = filters.where(hour="hour")
    return tables.rows(
        f"""
        select fact, hour, raw_rows, fact_rows, raw_rows = fact_rows as adds_up
        from reconciliation.fact_hours where {where.sql} order by hour desc, fact
        """,  # noqa: S608  columns of ours; values are parameters
        **where.parameters,
    )


def load_totals(of_hours: pl.DataFrame) -> pl.DataFrame:
    """The accounts of all hours together, by topic; it adds up where each hour does."""
    numbers = [name for name, kind in of_hours.schema.items() if kind.is_integer()]
    return (
        of_hours.group_by("event")
        .agg(
            pl.len().alias("hours"),
            *(pl.col(name).sum() for name in numbers),
            pl.col("adds_up").all(),
        )
        .sort("event")
    )


def fact_totals(of_hours: pl.DataFrame) -> pl.DataFrame:
    """The facts' rows of all hours together; they add up where each hour does."""
    return (
        of_hours.group_by("fact")
        .agg(
            pl.len().alias("hours"),
            pl.col("raw_rows").sum(),
            pl.col("fact_rows").sum(),
            pl.col("adds_up").all(),
        )
        .sort("fact")
    )
