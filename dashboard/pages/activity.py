"""The page Activity: when people listen, and what they do."""

import polars as pl
import streamlit as st

from dashboard import components
from dashboard.data import activity
from dashboard.data.overview import Today
from dashboard.figures import activity as figures
from dashboard.view import View

STREAMS = f"{activity.STREAMS}.streams"
TOPICS = {
    "page_view_events": "Pages",
    "listen_events": "Listens",
    "auth_events": "Logins",
    "status_change_events": "Plan changes",
    "music_events": "Player",
}


def show(view: View) -> None:
    """Show the page."""
    _two_days(view)
    week = activity.week(view.tables, view.filters)
    clock = activity.clock(view.tables, view.filters)
    left, right = st.columns([3, 2])
    with left:
        components.chart(
            "Streams by weekday and hour",
            lambda: figures.week(week),
            "reporting.rpt_listening_clock.mean_streams",
            empty=week.is_empty(),
        )
    with right:
        components.chart(
            "Listening clock",
            lambda: figures.clock(clock),
            "reporting.rpt_listening_clock.hour_of_day",
            empty=clock.is_empty(),
        )
    if not week.is_empty():
        with st.expander("Weekdays and hours as a table"):
            components.table(week, "Listening clock by weekday", "reporting.rpt_listening_clock")
    _event_types(view)


def _two_days(view: View) -> None:
    today = Today.of(view.tables, view.filters)
    hours = activity.two_days(view.tables, view.filters, today)
    components.chart(
        f"Streams by hour of {today.day}, against the day before",
        lambda: figures.two_days(hours),
        STREAMS,
        empty=hours.is_empty(),
    )
    if not hours.is_empty():
        with st.expander("Hours as a table"):
            beside = hours.pivot("day", index="hour_of_day", values="streams").sort("hour_of_day")
            components.table(beside, "Streams by hour", STREAMS)


def _event_types(view: View) -> None:
    events = activity.event_types(view.tables, view.filters)
    st.subheader("What people do")
    if view.filters.is_listening_filtered:
        components.note("All events are counted here: state, plan and device don't apply.")
    there = [topic for topic in TOPICS if topic in set(events["event_name"])]
    if not there:
        components.nothing("No events in these days", "Choose more days.")
        return
    topic = st.segmented_control(
        "Topic", there, default=there[0], required=True, format_func=TOPICS.__getitem__,
        key="topic", bind="query-params",
    )  # fmt: skip
    of_topic = events.filter(pl.col("event_name") == (topic or there[0]))
    components.chart(
        "Events by day and type",
        lambda: figures.event_types(of_topic),
        f"{activity.TYPES}.events",
    )
    components.table(
        of_topic.drop("event_name"),
        "Event types",
        activity.TYPES,
        labels={"occurred_on": "Day (UTC)", "share_of_topic": "Of the topic"},
    )
