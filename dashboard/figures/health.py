"""Charts of the page Data health."""

import altair as alt
import polars as pl

from dashboard import theme
from dashboard.figures.axes import day, days_as_text, told_day

STATES = ("complete", "waiting", "missing")
STATE_COLOURS = (theme.BLUE, theme.ORANGE, theme.VERMILLION)
ROW_PIXELS = 22
TALLEST = 900
"""Pixels of the rows of all days; of very many days a row is thinner."""


def hours(frame: pl.DataFrame) -> alt.Chart:
    """A row for each day, a cell for each hour, newest day first."""
    cells = frame.select(
        pl.col("hour").dt.strftime("%Y-%m-%d").alias("day"),
        pl.col("hour").dt.hour().alias("hour_of_day"),
        "state",
        "raw_rows",
    )
    days = cells["day"].n_unique()
    chart: alt.Chart = (
        alt.Chart(cells)
        .mark_rect(cornerRadius=2, stroke="white", strokeWidth=0.5)
        .encode(
            x=alt.X("hour_of_day:O", title="Hour (UTC)", axis=alt.Axis(labelAngle=0, ticks=False)),
            y=alt.Y("day:O", title=None, sort="descending", axis=_day_names(days)),
            color=alt.Color(
                "state:N",
                title=None,
                scale=alt.Scale(domain=STATES, range=STATE_COLOURS),
                legend=alt.Legend(orient="top"),
            ),
            tooltip=[
                alt.Tooltip("day:O", title="Day"),
                alt.Tooltip("hour_of_day:O", title="Hour (UTC)"),
                alt.Tooltip("state:N", title="State"),
                alt.Tooltip("raw_rows:Q", title="Rows", format=","),
            ],
        )
        .properties(height=min(max(days, 2) * ROW_PIXELS, TALLEST) + 130)
    )
    return chart


def rejects(frame: pl.DataFrame) -> alt.Chart:
    """Rejects of each day, by reason."""
    by_day = frame.group_by("judged_on", "reason").agg(pl.col("rejected").sum()).sort("judged_on")
    chart: alt.Chart = (
        alt.Chart(days_as_text(by_day, "judged_on"))
        .mark_bar()
        .encode(
            x=day("judged_on", "Day of judgement (UTC)"),
            y=alt.Y("rejected:Q", title="Rejects", axis=alt.Axis(format=",d", tickMinStep=1)),
            color=alt.Color("reason:N", title=None, legend=alt.Legend(orient="top", columns=2)),
            tooltip=[
                told_day("judged_on"),
                alt.Tooltip("reason:N", title="Reason"),
                alt.Tooltip("rejected:Q", title="Rejects", format=","),
            ],
        )
        .properties(height=260)
    )
    return chart


def late(frame: pl.DataFrame) -> alt.Chart:
    """The share of late rows of each day, by topic."""
    chart: alt.Chart = (
        alt.Chart(days_as_text(frame, "happened_on"))
        .mark_line(point=True)
        .encode(
            x=day("happened_on", "Day of the events (UTC)"),
            y=alt.Y("late_share:Q", title="Late rows", axis=alt.Axis(format=".1%")),
            color=alt.Color("topic:N", title=None, legend=alt.Legend(orient="top", columns=2)),
            tooltip=[
                told_day("happened_on"),
                alt.Tooltip("topic:N", title="Topic"),
                alt.Tooltip("late:Q", title="Late rows", format=","),
                alt.Tooltip("rows:Q", title="Rows", format=","),
                alt.Tooltip("late_share:Q", title="Share", format=".2%"),
            ],
        )
        .properties(height=260)
    )
    return chart


def _day_names(days: int) -> alt.Axis:
    """Each day's name, where there is room for it."""
    fits = days * ROW_PIXELS <= TALLEST
    return alt.Axis(ticks=False, labelOverlap=False if fits else "greedy")
