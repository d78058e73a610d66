"""What charts over days and hours have in common: UTC, whatever the reader's clock says."""

import altair as alt
import polars as pl

FEW_DAYS = 31
"""So many days have room for a place each, with its name below it."""


def day_axis(days: pl.Series, title: str | None = None) -> alt.X:
    """The x axis of UTC days, of the column that `days` is."""
    unit = f"utcyearmonthdate({days.name})"
    axis = alt.Axis(format="%b %d", labelOverlap=True, labelAngle=0)
    if days.n_unique() <= FEW_DAYS:
        return alt.X(f"{unit}:O", title=title, axis=axis)
    return alt.X(f"{unit}:T", title=title, scale=alt.Scale(type="utc"), axis=axis)


def day_told(name: str, title: str = "Day (UTC)") -> alt.Tooltip:
    """The same day in a tooltip."""
    return alt.Tooltip(f"utcyearmonthdate({name}):T", title=title, format="%Y-%m-%d")


def in_utc(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame, with the days of the column `name` as moments in UTC for `day_axis`."""
    return frame.with_columns(pl.col(name).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
