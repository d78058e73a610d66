"""Charts of the page Conversion."""

import altair as alt
import polars as pl

from dashboard.figures.axes import colours, day, days_as_text, told_day

STEPS = {
    "upgrades": "Upgrades",
    "downgrades": "Downgrades",
    "cancellations": "Cancellations",
    "registrations": "Registrations",
}
RATES = {"conversion_rate": "Conversion (free to paid)", "churn_rate": "Churn (of paid)"}
# The place in a list is the theme's colour: what leads to a plan has the plan's, and rates have
# colours of their own.
ENDS = ("free", "paid", "cancelled", "", " ", "unknown", "goes on")
CHANGES = ("Downgrades", "Upgrades", "Cancellations", "", " ", "Registrations")
RATES_IN_ORDER = ("", " ", "  ", *RATES.values())
MOST_PATHS = 12


def paths(frame: pl.DataFrame) -> alt.LayerChart:
    """The paths that most listeners took, each with its number; the colour says where it ends."""
    top = frame.head(MOST_PATHS)
    base = alt.Chart(top).encode(
        y=alt.Y(
            "path:N",
            title=None,
            sort=top["path"].to_list(),
            axis=alt.Axis(labelLimit=260, labelOverlap=False),
        ),
        x=alt.X(
            "users:Q",
            title="Listeners (in powers of ten)",
            scale=alt.Scale(type="symlog"),
            axis=alt.Axis(format=",d", values=[0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]),
        ),
    )
    bars = base.mark_bar().encode(
        color=colours("ends_as", ENDS, top["ends_as"], title="Ends as"),
        tooltip=[
            alt.Tooltip("path:N", title="Path"),
            alt.Tooltip("users:Q", title="Listeners", format=","),
            alt.Tooltip("users_share:Q", title="Share", format=".2%"),
        ],
    )
    numbers = base.mark_text(align="left", dx=4, color="#8C8C8C").encode(
        text=alt.Text("users:Q", format=",")
    )
    chart: alt.LayerChart = (bars + numbers).properties(height=max(top.height, 3) * 30 + 130)
    return chart


def changes(of_days: pl.DataFrame) -> alt.Chart:
    """What listeners did to their accounts, day by day."""
    frame = _long(of_days, STEPS, "change", "changes")
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=day("occurred_on", "Day (UTC)"),
            y=alt.Y("changes:Q", title="Changes", axis=alt.Axis(format=",d", tickMinStep=1)),
            color=colours("change", CHANGES, STEPS.values(), columns=2),
            tooltip=[told_day("occurred_on"), "change:N", alt.Tooltip("changes:Q", format=",")],
        )
        .properties(height=280)
    )
    return chart


def rates(of_days: pl.DataFrame) -> alt.Chart:
    """Conversion and churn, day by day."""
    frame = _long(of_days, RATES, "rate", "share").drop_nulls("share")
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=day("occurred_on", "Day (UTC)"),
            y=alt.Y("share:Q", title="Share of a day's listeners", axis=alt.Axis(format=".1%")),
            color=colours("rate", RATES_IN_ORDER, RATES.values(), columns=1),
            tooltip=[told_day("occurred_on"), "rate:N", alt.Tooltip("share:Q", format=".2%")],
        )
        .properties(height=280)
    )
    return chart


def _long(of_days: pl.DataFrame, names: dict[str, str], name: str, value: str) -> pl.DataFrame:
    """A row for each day and column, under the column's name for people."""
    long = days_as_text(of_days, "occurred_on").unpivot(
        list(names), index="occurred_on", variable_name=name, value_name=value
    )
    return long.with_columns(pl.col(name).replace(names))
