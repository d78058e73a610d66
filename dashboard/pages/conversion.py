"""The page Conversion: who begins to pay, who stops, and on which ways."""

import polars as pl
import streamlit as st

from dashboard import components, formats
from dashboard.components import Tile
from dashboard.data import conversion
from dashboard.figures import conversion as figures
from dashboard.view import View

CONVERSIONS = "reporting.rpt_conversions"
COUNTS = ("registrations", "upgrades", "downgrades", "cancellations")


def show(view: View) -> None:
    """Show the page."""
    days = conversion.days(view.tables, view.filters)
    _totals(days)
    left, right = st.columns(2)
    with left:
        components.chart(
            "Changes by day",
            lambda: figures.changes(days),
            f"{CONVERSIONS}.upgrades",
            empty=days.is_empty(),
        )
    with right:
        components.chart(
            "Conversion and churn by day",
            lambda: figures.rates(days),
            f"{CONVERSIONS}.conversion_rate",
            empty=days.is_empty(),
        )
    if not days.is_empty():
        with st.expander("Day by day as a table"):
            components.table(days, "Conversions", CONVERSIONS)
    _paths(conversion.paths(view.tables))


def _totals(days: pl.DataFrame) -> None:
    totals = conversion.totals(days)
    tiles = [
        Tile(
            name.capitalize(),
            formats.number(totals[name]),
            f"{CONVERSIONS}.{name}",
            spark=days[name].to_list() if days.height > 1 else None,
        )
        for name in COUNTS
    ]
    rates = [
        Tile(label, formats.percent(totals[name]), f"{CONVERSIONS}.{name}")
        for name, label in (("conversion_rate", "Conversion a day"), ("churn_rate", "Churn a day"))
    ]
    components.metrics(*tiles, *rates)


def _paths(paths: pl.DataFrame) -> None:
    st.subheader("The ways of all listeners")
    components.note(
        "Over all days that were built, whichever are chosen: the plans that each listener was "
        "seen with, in their order, and whether the account was cancelled."
    )
    shown = conversion.shown(paths)
    components.chart(
        "Paths between the plans",
        lambda: figures.paths(shown),
        "reporting.rpt_conversion_paths.path",
        empty=shown.is_empty(),
    )
    if shown.is_empty():
        return
    left, right = st.columns([3, 2])
    with left:
        components.table(shown, "Paths", "reporting.rpt_conversion_paths")
    with right:
        components.table(
            conversion.steps(paths),
            "Steps",
            "reporting.rpt_conversion_paths.users",
            labels={"step_from": "From", "step_to": "To"},
        )
