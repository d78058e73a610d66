"""Charts of the page Live."""

import altair as alt
import polars as pl


def minutes(by_type: pl.DataFrame) -> alt.Chart:
    """Events of each minute, by kind of action."""
    frame = by_type.with_columns(pl.col("window_start").dt.strftime("%Y-%m-%d %H:%M"))
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_area(line=True, opacity=0.75)
        .encode(
            x=alt.X(
                "window_start:O",
                title="Minute (UTC)",
                axis=alt.Axis(
                    labelAngle=0,
                    labelOverlap="greedy",
                    labelSeparation=12,
                    labelExpr="slice(datum.label, 11)",
                ),
            ),
            y=alt.Y("events:Q", title="Events a minute", axis=alt.Axis(format=",d", tickMinStep=1)),
            color=alt.Color("event_type:N", title=None, legend=alt.Legend(orient="top", columns=3)),
            tooltip=[
                alt.Tooltip("window_start:O", title="Minute (UTC)"),
                alt.Tooltip("event_type:N", title="Action"),
                alt.Tooltip("events:Q", title="Events", format=","),
            ],
        )
        .properties(height=320)
    )
    return chart


def regions(by_region: pl.DataFrame) -> alt.Chart:
    """Events of the regions with most of them."""
    chart: alt.Chart = (
        alt.Chart(by_region)
        .mark_bar()
        .encode(
            y=alt.Y("region:N", title=None, sort="-x", axis=alt.Axis(labelOverlap=False)),
            x=alt.X("events:Q", title="Events", axis=alt.Axis(format=",d", tickMinStep=1)),
            tooltip=["region:N", alt.Tooltip("events:Q", title="Events", format=",")],
        )
        .properties(height=320)
    )
    return chart
