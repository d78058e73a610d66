"""Times on axes: as text, so that a browser can't move them into its own zone."""

import altair as alt
import polars as pl


def days_as_text(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The frame with the dates of a column written `YYYY-MM-DD`."""
    return frame.with_columns(pl.col(column).dt.strftime("%Y-%m-%d"))


def day(column: str, title: str) -> alt.X:
    """An axis of such days; of many only some are named."""
    axis = alt.Axis(labelAngle=0, labelOverlap="greedy", labelSeparation=8)
    return alt.X(f"{column}:O", title=title, axis=axis)


def told_day(column: str) -> alt.Tooltip:
    """The day in a tooltip."""
    return alt.Tooltip(f"{column}:O", title="Day (UTC)")
