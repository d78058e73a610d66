"""Charts of the page Activity."""

import altair as alt
import polars as pl

from dashboard.figures.days import day_axis, day_told, in_utc

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MOST_TYPES = 6
"""One less than the palette has colours: its last is the grey of all others."""
OTHERS = "all others"
HOURS = alt.Scale(domain=[0, 23])


def two_days(hours: pl.DataFrame) -> alt.Chart:
    """A line for the day, and a dashed one for the day before."""
    days = ["Today", "Day before"]
    chart: alt.Chart = (
        alt.Chart(hours)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X(
                "hour_of_day:Q",
                title="Hour (UTC)",
                scale=HOURS,
                axis=alt.Axis(values=list(range(0, 24, 3)), grid=False),
            ),
            y=alt.Y("streams:Q", title="Streams", axis=alt.Axis(format=",.0f", tickMinStep=1)),
            color=alt.Color(
                "day:N",
                title=None,
                scale=alt.Scale(domain=days),
                legend=alt.Legend(orient="top", symbolType="stroke", symbolSize=300),
            ),
            strokeDash=alt.StrokeDash(
                "day:N", title=None, scale=alt.Scale(domain=days, range=[[1, 0], [5, 4]])
            ),
            tooltip=[
                alt.Tooltip("day:N", title="Day"),
                alt.Tooltip("hour_of_day:Q", title="Hour (UTC)"),
                alt.Tooltip("streams:Q", title="Streams", format=","),
            ],
        )
        .properties(height=300)
    )
    return chart


def week(hours: pl.DataFrame) -> alt.Chart:
    """A cell for each weekday and hour of the day, the darker the more."""
    named = hours.with_columns(
        weekday_name=pl.col("weekday").replace_strict(
            dict(enumerate(WEEKDAYS, start=1)), return_dtype=pl.String
        )
    )
    chart: alt.Chart = (
        alt.Chart(named)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "hour_of_day:O",
                title="Hour (UTC)",
                scale=alt.Scale(domain=list(range(24)), paddingInner=0.06),
                axis=alt.Axis(labelAngle=0, ticks=False, domain=False, labelOverlap=True),
            ),
            y=alt.Y(
                "weekday_name:O",
                title=None,
                scale=alt.Scale(domain=list(WEEKDAYS), paddingInner=0.06),
                axis=alt.Axis(ticks=False, domain=False, labelFlush=False, labelOverlap=False),
            ),
            color=alt.Color(
                "mean_streams:Q",
                title="Streams an hour",
                scale=alt.Scale(domainMin=0),
                legend=alt.Legend(orient="bottom", format=",.0f"),
            ),
            tooltip=[
                alt.Tooltip("weekday_name:O", title="Weekday"),
                alt.Tooltip("hour_of_day:O", title="Hour (UTC)"),
                alt.Tooltip("mean_streams:Q", title="Streams an hour", format=",.1f"),
                alt.Tooltip("hours:Q", title="Hours with data", format=","),
            ],
        )
        .properties(height=320)
    )
    return chart


def clock(hours: pl.DataFrame) -> alt.LayerChart:
    """A clock of 24 hours, midnight on top: the longer the hand, the more is played."""
    turn = alt.Theta("hour_of_day:O", scale=alt.Scale(domain=list(range(24))), stack=None)
    base = alt.Chart(hours)
    hands = base.mark_arc(innerRadius=24, padAngle=0.02, cornerRadius=2).encode(
        theta=turn,
        radius=alt.Radius(
            "mean_streams:Q", scale=alt.Scale(type="linear", zero=True, rangeMin=24, rangeMax=120)
        ),
        tooltip=[
            alt.Tooltip("hour_of_day:O", title="Hour (UTC)"),
            alt.Tooltip("mean_streams:Q", title="Streams an hour", format=",.1f"),
        ],
    )
    faces = pl.DataFrame({"hour_of_day": list(range(24))})
    names = (
        alt.Chart(faces.filter(pl.col("hour_of_day") % 3 == 0))
        .mark_text(radius=138, fontSize=11, color="#8C8C8C")
        .encode(theta=turn, text="hour_of_day:O")
    )
    chart: alt.LayerChart = (hands + names).properties(height=320)
    return chart


def event_types(events: pl.DataFrame) -> alt.Chart:
    """A line for each of the most frequent types; of a single day, a bar for each."""
    frame = most_frequent(events)
    told = [alt.Tooltip("event_type:N", title="Type"),
            alt.Tooltip("events:Q", title="Events", format=",")]  # fmt: skip
    if frame["occurred_on"].n_unique() == 1:
        bars: alt.Chart = (
            alt.Chart(frame)
            .mark_bar(cornerRadiusEnd=3)
            .encode(
                x=alt.X("events:Q", title="Events", axis=alt.Axis(format=",.0f", tickMinStep=1)),
                y=alt.Y("event_type:N", title=None, sort=_by_frequency(frame)),
                tooltip=told,
            )
            .properties(height=280)
        )
        return bars
    lines: alt.Chart = (
        alt.Chart(in_utc(frame, "occurred_on"))
        .mark_line(point=True)
        .encode(
            x=day_axis(frame["occurred_on"]),
            y=alt.Y("events:Q", title="Events", axis=alt.Axis(format=",.0f", tickMinStep=1)),
            color=alt.Color(
                "event_type:N",
                title=None,
                scale=alt.Scale(domain=_by_frequency(frame)),
                legend=alt.Legend(orient="top", columns=4),
            ),
            tooltip=[day_told("occurred_on"), *told],
        )
        .properties(height=300)
    )
    return lines


def _by_frequency(events: pl.DataFrame) -> list[str]:
    """The types, most frequent first; the others are last, where the palette is grey."""
    totals = events.group_by("event_type").agg(pl.col("events").sum())
    is_others = pl.col("event_type") == OTHERS
    ordered = totals.sort(is_others, "events", "event_type", descending=[False, True, False])
    return ordered["event_type"].to_list()


def most_frequent(events: pl.DataFrame) -> pl.DataFrame:
    """Events by day of the types that occur most; the others are one type."""
    totals = events.group_by("event_type").agg(pl.col("events").sum())
    first = totals.sort("events", "event_type", descending=[True, False]).head(MOST_TYPES)
    is_first = pl.col("event_type").is_in(first["event_type"].to_list())
    return (
        events.with_columns(pl.when(is_first).then("event_type").otherwise(pl.lit(OTHERS)))
        .group_by("occurred_on", "event_type")
        .agg(pl.col("events").sum())
        .sort("occurred_on", "event_type")
    )
