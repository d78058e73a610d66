"""Charts of the page Overview."""

import altair as alt
import polars as pl

from dashboard.figures.days import day_axis, day_told, in_utc


def streams_by_day(days: pl.DataFrame) -> alt.Chart:
    """A bar for each day."""
    chart: alt.Chart = (
        alt.Chart(in_utc(days, "day"))
        .mark_bar(cornerRadiusEnd=3, width={"band": 0.7})
        .encode(
            x=day_axis("day"),
            y=alt.Y("streams:Q", title="Streams", axis=alt.Axis(format=",.0f", tickMinStep=1)),
            tooltip=[
                day_told("day"),
                alt.Tooltip("streams:Q", title="Streams", format=","),
                alt.Tooltip("sessions:Q", title="Sessions", format=","),
                alt.Tooltip("skip_rate:Q", title="Skipped", format=".1%"),
            ],
        )
        .properties(height=280)
    )
    return chart
