"""Words that the reports share: counts, shares, days."""

from datetime import date, timedelta

import polars as pl

from tests.dbt_project.reference.keys import UNKNOWN

DAY = timedelta(days=1)


def rows() -> pl.Expr:
    return pl.len().cast(pl.Int64)


def how_many(condition: pl.Expr) -> pl.Expr:
    return condition.sum().cast(pl.Int64)


def distinct(name: str) -> pl.Expr:
    """Different ones, the unknown and the absent left out."""
    column = pl.col(name)
    known = column.is_not_null() & (column.cast(pl.String) != UNKNOWN)
    return column.filter(known).n_unique().cast(pl.Int64)


def share(part: str, whole: str) -> pl.Expr:
    """`part` of `whole`; null where there is no whole.

    Divided by Python, like `seconds`: by one number polars would multiply by its reciprocal.
    """
    return pl.struct(part, whole).map_batches(_divided, return_dtype=pl.Float64)


def _divided(pairs: pl.Series) -> pl.Series:
    rows = pairs.struct.unnest().rows()
    return pl.Series([part / whole if whole else None for part, whole in rows], dtype=pl.Float64)


def day_of(name: str = "at") -> pl.Expr:
    return pl.col(name).dt.date()


def seconds(durations: pl.Series) -> pl.Series:
    """Each divided by 1000, which polars would multiply by 0.001: off in the last digit."""
    told = durations.dt.total_milliseconds().to_list()
    return pl.Series([None if each is None else each / 1000 for each in told], dtype=pl.Float64)


def covered_days(events: pl.DataFrame) -> list[date]:
    """The days from the first to the last that any event has."""
    if events.is_empty():
        return []
    first, last = events["at"].min().date(), events["at"].max().date()
    return [first + number * DAY for number in range((last - first).days + 1)]


def monday_of(day: date) -> date:
    return day - day.weekday() * DAY
