"""What charts over days and hours have in common: UTC, whatever the reader's clock says."""

import altair as alt
import polars as pl


def day_axis(name: str, title: str | None = None) -> alt.X:
    """The x axis of UTC days in the column `name`."""
    return alt.X(
        f"utcyearmonthdate({name}):T",
        title=title,
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%b %d", labelOverlap=True, tickCount={"interval": "day", "step": 1}),
    )


def day_told(name: str, title: str = "Day (UTC)") -> alt.Tooltip:
    """The same day in a tooltip."""
    return alt.Tooltip(f"utcyearmonthdate({name}):T", title=title, format="%Y-%m-%d")


def in_utc(frame: pl.DataFrame, name: str) -> pl.DataFrame:
    """The frame, with the days of the column `name` as moments in UTC for `day_axis`."""
    return frame.with_columns(pl.col(name).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC"))
