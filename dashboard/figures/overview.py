"""Charts of the page Overview."""

import altair as alt
import polars as pl

from dashboard.data.overview import Today
from dashboard.figures.days import day_axis, day_told, in_utc


def streams_by_day(days: pl.DataFrame, today: Today) -> alt.Chart:
    """A bar for each day; a paler one for a day that is not over."""
    is_open = (pl.col("day") == today.day) & (not today.is_over)
    until = f"until {today.as_of:%H:%M} UTC"
    told = days.with_columns(
        built=pl.when(is_open).then(pl.lit(until)).otherwise(pl.lit("the whole day")),
        strength=pl.when(is_open).then(0.45).otherwise(1.0),
    )
    chart: alt.Chart = (
        alt.Chart(in_utc(told, "day"))
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=day_axis(days["day"]),
            y=alt.Y("streams:Q", title="Streams", axis=alt.Axis(format=",.0f", tickMinStep=1)),
            opacity=alt.Opacity("strength:Q", scale=None, legend=None),
            tooltip=[
                day_told("day"),
                alt.Tooltip("built:N", title="Data of"),
                alt.Tooltip("streams:Q", title="Streams", format=","),
                alt.Tooltip("sessions:Q", title="Sessions", format=","),
                alt.Tooltip("skip_rate:Q", title="Skipped", format=".1%"),
            ],
        )
        .properties(height=280)
    )
    return chart
