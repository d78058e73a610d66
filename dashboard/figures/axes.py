"""What charts share: days on axes, and categories that keep their colours.

Times are drawn as text, so that a browser can't move them into its own zone.
"""

from collections.abc import Iterable, Sequence

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


def colours(
    name: str,
    order: Sequence[str],
    shown: Iterable[str],
    *,
    title: str | None = None,
    columns: int = 4,
) -> alt.Color:
    """The theme's colours by the place in `order`, whatever is shown; others come after it.

    The legend has only what is `shown`.
    """
    there = set(shown)
    domain = [*order, *sorted(there - set(order))]
    values = [each for each in domain if each in there]
    legend = alt.Legend(orient="top", columns=columns, values=values)
    return alt.Color(f"{name}:N", title=title, scale=alt.Scale(domain=domain), legend=legend)
