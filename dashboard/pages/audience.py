"""The page Audience: who listens, from where, on what, with which plan, and who comes back."""

import polars as pl
import streamlit as st

from dashboard import components
from dashboard.data import audience
from dashboard.data.tables import Tables
from dashboard.figures import audience as figures
from dashboard.filters import Filters
from dashboard.us_tiles import elsewhere
from dashboard.view import View

MEASURES = {
    "Listeners": ("listeners", "reporting.rpt_listener_days.listener_number"),
    "Streams": ("streams", "reporting.rpt_streams_by_hour.streams"),
    "Hours listened": ("listening_hours", "reporting.rpt_streams_by_hour.listening_seconds"),
}
WEEKS = 16
"""Cohorts, and weeks of each, that are shown."""


def show(view: View) -> None:
    """Show the page."""
    tables, filters = view.tables, view.filters
    _states(audience.states(tables, filters))
    _demographics(tables, filters)
    left, right = st.columns(2)
    with left:
        _devices(tables, filters)
    with right:
        _countries(tables, filters)
    _retention(tables, filters)


def _states(states: pl.DataFrame) -> None:
    title = st.segmented_control(
        "Map of", list(MEASURES), default="Listeners", required=True, key="map-of"
    )
    measure, definition = MEASURES[title or "Listeners"]
    map_side, table_side = st.columns([3, 2])
    with map_side:
        components.chart(
            f"{title} by home state",
            lambda: figures.state_map(
                states, measure, title or "Listeners", on_dark=st.context.theme.type == "dark"
            ),
            definition,
            empty=states.is_empty(),
        )
        others = elsewhere(states)
        if not others.is_empty():
            names = ", ".join(others["state"].head(8).to_list())
            components.note(f"Not on the map, but in the table: {names}.")
    with table_side:
        components.table(states, "States", "reporting.rpt_listener_days.state")
    components.note(
        "Listeners count once in each state, and on each kind of device, that they were seen with: "
        "such numbers don't add up to the active listeners. Without a plan, and so in neither, are "
        "those who were seen at the player only."
    )


def _demographics(tables: Tables, filters: Filters) -> None:
    demographics = audience.demographics(tables, filters)
    left, right = st.columns(2)
    with left:
        components.chart(
            "Plan by gender, listeners a day",
            lambda: figures.gender_by_plan(demographics),
            "reporting.rpt_demographics.gender",
            empty=demographics.is_empty(),
        )
    with right:
        components.chart(
            "Age of the account, listeners a day",
            lambda: figures.account_ages(demographics),
            "reporting.rpt_demographics.account_age",
            empty=demographics.is_empty(),
        )
    if filters.devices:
        components.note("Gender and age of the account are not told by device: that is left out.")
    if not demographics.is_empty():
        with st.expander("Gender, plan and age of the account as a table"):
            components.table(demographics, "Demographics", "reporting.rpt_demographics")


def _devices(tables: Tables, filters: Filters) -> None:
    devices = audience.devices(tables, filters)
    components.chart(
        "Streams by device",
        lambda: figures.devices(devices),
        "reporting.rpt_streams_by_hour.device_type",
        empty=devices.is_empty(),
    )
    components.table(devices, "Devices", "reporting.rpt_listener_days.device_type")


def _countries(tables: Tables, filters: Filters) -> None:
    countries = audience.countries(tables, filters)
    components.chart(
        "Actions on the player by country",
        lambda: figures.countries(countries),
        "reporting.rpt_player_engagement.country",
        empty=countries.is_empty(),
    )
    components.table(countries, "Countries", "reporting.rpt_player_engagement")
    if filters.states or filters.plans:
        components.note("The player tells neither home state nor plan: these are left out here.")


def _retention(tables: Tables, filters: Filters) -> None:
    retention = audience.retention(tables, filters, WEEKS)
    if retention.is_empty():
        components.nothing(
            "No week of registration to follow yet",
            "Weeks are followed from the one on in which the data begins: of older ones only those "
            "listeners are known who still came.",
        )
        return
    components.chart(
        "Listeners who came back, by week of registration",
        lambda: figures.retention(retention),
        "reporting.rpt_retention.retention_rate",
        empty=False,
    )
    components.note(
        f"The last {WEEKS} weeks of registration up to the last day chosen, from the week on in "
        "which the data begins; all listeners of them who were ever seen, whatever else is chosen."
    )
    with st.expander("Retention as a table"):
        components.table(retention, "Retention", "reporting.rpt_retention")
