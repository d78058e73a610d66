"""Charts of the page Charts."""

import altair as alt
import polars as pl

MOST_BARS = 10
BAR_PIXELS = 30
LABEL_PIXELS = 220


def most_played(top: pl.DataFrame, name: str) -> alt.LayerChart:
    """A bar for each of the first ten, with its plays."""
    first = top.head(MOST_BARS)
    base = alt.Chart(first).encode(
        y=alt.Y(
            f"{name}:N",
            title=None,
            sort=alt.EncodingSortField("rank", op="min"),
            axis=alt.Axis(labelLimit=LABEL_PIXELS, ticks=False, domain=False),
        ),
        x=alt.X("plays:Q", title="Plays", axis=alt.Axis(format=",.0f", tickMinStep=1)),
        tooltip=[
            alt.Tooltip("rank:Q", title="Rank"),
            alt.Tooltip(f"{name}:N", title="Name"),
            alt.Tooltip("plays:Q", title="Plays", format=","),
            alt.Tooltip("skip_rate:Q", title="Skipped", format=".1%"),
            alt.Tooltip("completion_rate:Q", title="Completed", format=".1%"),
        ],
    )
    bars = base.mark_bar(cornerRadiusEnd=3)
    chart: alt.LayerChart = bars.properties(height=BAR_PIXELS * max(first.height, 3) + 40)
    return chart
