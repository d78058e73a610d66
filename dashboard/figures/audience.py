"""Charts of the page Audience."""

import altair as alt
import polars as pl

from dashboard.data.audience import AGES
from dashboard.figures.axes import colours
from dashboard.us_tiles import on_tiles

GENDERS = {"F": "Women", "M": "Men", "unknown": "Not given"}
PLANS = ("free", "paid", "unknown")


def state_map(
    states: pl.DataFrame, measure: str, title: str, *, on_dark: bool = False
) -> alt.LayerChart:
    """A tile per US state; a state without any has the ground's own colour, nearly."""
    states = states.with_columns(listening_hours=pl.col("listening_seconds") / 3600)
    placed = on_tiles(states).with_columns(
        pl.col(measure).fill_null(0),
        (pl.col(measure).fill_null(0) > (states[measure].max() or 0) * 0.55).alias("is_high"),  # type: ignore[operator]  # a number
    )
    base = alt.Chart(placed).encode(
        x=alt.X("tile_column:O", axis=None), y=alt.Y("tile_row:O", axis=None)
    )
    tooltip = [
        alt.Tooltip("state:N", title="State"),
        alt.Tooltip("listeners:Q", title="Listeners", format=","),
        alt.Tooltip("streams:Q", title="Streams", format=","),
        alt.Tooltip("listening_hours:Q", title="Hours listened", format=",.1f"),
    ]
    colour = alt.Color(
        f"{measure}:Q", title=title, legend=alt.Legend(orient="bottom", format=",.0f")
    )
    tiles = base.mark_rect(cornerRadius=4).encode(color=colour, tooltip=tooltip)
    # The theme's scale goes from the ground's colour to its contrary.
    low, high = ("#FFFFFF", "#101010") if on_dark else ("#101010", "#FFFFFF")
    ink = alt.Scale(domain=[False, True], range=[low, high])
    names = base.mark_text(fontSize=12).encode(
        text="state:N", color=alt.Color("is_high:N", scale=ink, legend=None), tooltip=tooltip
    )
    chart: alt.LayerChart = (
        (tiles + names)
        .resolve_scale(color="independent")
        .configure_scale(bandPaddingInner=0.06)
        .configure_view(stroke=None)
        .properties(height=400)
    )
    return chart


def gender_by_plan(demographics: pl.DataFrame) -> alt.Chart:
    """Listeners a day by plan, beside each other by gender."""
    frame = _summed(demographics, "gender", "level").with_columns(pl.col("gender").replace(GENDERS))
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            x=alt.X("level:N", title=None, axis=alt.Axis(labelAngle=0)),
            xOffset="gender:N",
            y=_a_day(),
            color=colours("gender", list(GENDERS.values()), frame["gender"]),
            tooltip=["level:N", "gender:N", _listeners()],
        )
        .properties(height=280)
    )
    return chart


def account_ages(demographics: pl.DataFrame) -> alt.Chart:
    """Listeners a day by how long ago they registered, by plan."""
    frame = _summed(demographics, "account_age", "level")
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            y=alt.Y(
                "account_age:N", title=None, sort=list(AGES), axis=alt.Axis(labelOverlap=False)
            ),
            x=alt.X("listeners_a_day:Q", title="Listeners a day", axis=alt.Axis(format=",.0f")),
            color=colours("level", PLANS, frame["level"]),
            tooltip=["account_age:N", "level:N", _listeners()],
        )
        .properties(height=280)
    )
    return chart


def devices(frame: pl.DataFrame) -> alt.Chart:
    """Streams by kind of device."""
    return _bars(frame, "device_type", "streams", "Streams")


def countries(frame: pl.DataFrame, most: int = 15) -> alt.Chart:
    """Actions on the player by country, those with most."""
    return _bars(frame.head(most), "country", "events", "Actions on the player")


def retention(frame: pl.DataFrame) -> alt.Chart:
    """A row for each week of registration, a cell for each week since."""
    shown = frame.with_columns(pl.col("registration_week").dt.strftime("%Y-%m-%d"))
    chart: alt.Chart = (
        alt.Chart(shown)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X(
                "weeks_since_registration:O",
                title="Weeks since registration",
                axis=alt.Axis(labelAngle=0),
            ),
            y=alt.Y("registration_week:O", title="Week of registration"),
            color=alt.Color(
                "retention_rate:Q",
                title="Active",
                scale=alt.Scale(domain=[0, 1]),
                legend=alt.Legend(orient="top", format=".0%"),
            ),
            tooltip=[
                alt.Tooltip("registration_week:O", title="Registered in the week of"),
                alt.Tooltip("weeks_since_registration:O", title="Weeks since"),
                alt.Tooltip("active_users:Q", title="Active", format=","),
                alt.Tooltip("registered_users:Q", title="Registered", format=","),
                alt.Tooltip("retention_rate:Q", title="Share", format=".1%"),
            ],
        )
        .properties(height=max(shown["registration_week"].n_unique(), 4) * 24 + 110)
    )
    return chart


def _bars(frame: pl.DataFrame, name: str, measure: str, title: str) -> alt.Chart:
    chart: alt.Chart = (
        alt.Chart(frame)
        .mark_bar()
        .encode(
            y=alt.Y(f"{name}:N", title=None, sort="-x", axis=alt.Axis(labelOverlap=False)),
            x=alt.X(f"{measure}:Q", title=title, axis=alt.Axis(format=",.0f")),
            tooltip=[f"{name}:N", alt.Tooltip(f"{measure}:Q", title=title, format=",")],
        )
        .properties(height=max(frame.height, 2) * 30 + 90)
    )
    return chart


def _summed(demographics: pl.DataFrame, *groups: str) -> pl.DataFrame:
    return demographics.group_by(groups).agg(pl.col("listeners_a_day").sum()).sort(groups)


def _a_day() -> alt.Y:
    return alt.Y("listeners_a_day:Q", title="Listeners a day", axis=alt.Axis(format=",.0f"))


def _listeners() -> alt.Tooltip:
    return alt.Tooltip("listeners_a_day:Q", title="Listeners a day", format=",.1f")
