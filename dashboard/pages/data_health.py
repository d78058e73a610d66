"""The page Data health: what is complete, what was rejected or late, and whether it adds up."""

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from contracts.errors import MusicFlowError
from contracts.store import open_store
from dashboard import components, formats
from dashboard.components import Tile
from dashboard.data import health, landing
from dashboard.data.landing import Landing
from dashboard.data.recent import Recent
from dashboard.data.tables import Tables
from dashboard.data.words import yes_or_no
from dashboard.figures import health as figures
from dashboard.filters import Filters
from dashboard.view import View

_RECENT: Recent[Landing] = Recent(seconds=15)
"""The lake's records, read once for all who look."""


def show(view: View) -> None:
    """Show the page; without a publication what landing tells, without a lake what is published."""
    records = _records(view)
    if view.published:
        _published(view.tables, view.filters, records)
    else:
        components.nothing(
            "No hour was published yet", "What landing and the last runs tell stands below."
        )
    if records:
        _topics(records)
        _rejects(records)
        if view.published:
            _late(records, view.filters)
        _runs(records)


def _records(view: View) -> Landing | None:
    """The lake's records; a line in their place where they can't be read."""
    try:
        return _RECENT.get(view.settings.lake, lambda: _read(view.settings.lake))
    except MusicFlowError as error:
        components.broken(
            "Landing, rejects, late rows and runs can't be told now",
            f"They stand in the lake's records: set MUSICFLOW_LAKE to where it is ({error}).",
        )
        return None


def _read(lake: str) -> Landing:
    return landing.read_landing(open_store(lake))


def _published(tables: Tables, filters: Filters, records: Landing | None) -> None:
    hours, loads = health.hours(tables, filters), health.loads(tables, filters)
    facts = health.facts(tables, filters)
    _summary(hours, loads, facts, records, filters)
    _hours(hours)
    _reconciliation(loads, facts)


def _summary(
    hours: pl.DataFrame,
    loads: pl.DataFrame,
    facts: pl.DataFrame,
    records: Landing | None,
    filters: Filters,
) -> None:
    complete = hours.filter(pl.col("state") == "complete").height
    broken = sum(frame.height - int(frame["adds_up"].sum()) for frame in (loads, facts))
    tiles = [
        Tile(
            "Topic hours complete",
            f"{formats.number(complete)} of {formats.number(hours.height)}",
            "reconciliation.built_hours",
        ),
        Tile(
            "Reconciliation, chosen days",
            "adds up" if not broken else f"{formats.number(broken)} do not add up",
            "reconciliation.raw_hours",
        ),
    ]
    if records and records.report:
        report = records.report
        late = landing.late(report.arrived, filters)
        tiles += [
            Tile(
                "Late rows, chosen days",
                formats.percent(landing.late_share(late)),
                "lake.late_rows.late_share",
            ),
            Tile(
                "Rejects, last 30 days",
                formats.percent(landing.reject_share(report.judged)),
                "lake.rejects.reason",
            ),
        ]
    components.metrics(*tiles)


def _hours(hours: pl.DataFrame) -> None:
    with st.container(key="hours"):
        names = [health.ALL_TOPICS, *hours["event"].unique().sort()]
        topic = st.segmented_control(
            "Topic", names, default=health.ALL_TOPICS, required=True, key="hours-topic"
        )
        chosen = health.hours_of(hours, topic or health.ALL_TOPICS)
        components.chart(
            "Hours complete",
            lambda: figures.hours(chosen),
            "reconciliation.built_hours.hour",
            empty=chosen.is_empty(),
        )
        components.note(
            "Complete: published from all that has landed for it. Waiting: more has landed since. "
            "Missing: nothing was ever loaded for it, though for hours around it there was."
        )


def _reconciliation(loads: pl.DataFrame, facts: pl.DataFrame) -> None:
    st.subheader("Reconciliation")
    components.note(
        "Of each hour: accepted + replayed + from files = raw + duplicates + erased, and each fact "
        "has as many rows as its raw table."
    )
    by_topic, by_fact, by_hour, fact_hours = st.tabs(
        ["By topic", "By fact", "Topics by hour", "Facts by hour"]
    )
    tables = (
        (by_topic, health.load_totals(loads), "Loads by topic", "reconciliation.raw_hours"),
        (by_fact, health.fact_totals(facts), "Facts", "reconciliation.fact_hours"),
        (by_hour, loads, "Loads by hour", "reconciliation.raw_hours"),
        (fact_hours, facts, "Facts by hour", "reconciliation.fact_hours"),
    )
    for tab, frame, name, of in tables:
        with tab:
            components.table(yes_or_no(frame, "adds_up"), name, of)


def _topics(records: Landing) -> None:
    st.subheader("Kafka topics and landing")
    now = datetime.now(UTC)
    for alert in landing.alerts(records):
        st.warning(formats.literal(alert), icon=":material/warning:")
    topics = landing.topics(records, now)
    if topics.is_empty():
        components.nothing("Landing has not run here yet", "Start it with `make dev`.")
        return
    of_topics, of_partitions = st.tabs(["Topics", "Partitions"])
    with of_topics:
        components.table(topics, "Topics", "lake.topics")
    with of_partitions:
        components.table(landing.partitions(records), "Partitions", "lake.partitions")
    told = topics["told_at"].max()
    if isinstance(told, datetime):
        components.note(
            f"End offsets are those that landing was told of last, {formats.ago(told, now)}. "
            "Stopped: landing was ended on purpose. Silent: it should run, and is not heard of."
        )


def _rejects(records: Landing) -> None:
    st.subheader("Rejects by reason")
    if records.report is None:
        _no_report()
        return
    rejects = landing.rejects(records.report.judged)
    if rejects.is_empty():
        components.nothing("No message was rejected", "Rejects are shown here when there are some.")
        return
    components.chart(
        "Rejects by reason", lambda: figures.rejects(rejects), "lake.rejects.reason", empty=False
    )
    components.table(
        rejects.sort("judged_on", descending=True, maintain_order=True),
        "Rejects",
        "lake.rejects",
    )
    components.note(
        "Of the last 30 days with batches, by the time of the batch; whichever days are chosen. "
        "Each is kept as it was received, and can be replayed once the contract is mended."
    )


def _late(records: Landing, filters: Filters) -> None:
    if records.report is None:
        return
    st.subheader("Late rows")
    late = landing.late(records.report.arrived, filters)
    components.chart(
        "Share of rows that landed after their hour was complete",
        lambda: figures.late(late),
        "lake.late_rows.late_share",
        empty=late.is_empty(),
    )
    if not late.is_empty():
        components.table(late, "Late rows", "lake.late_rows")


def _runs(records: Landing) -> None:
    st.subheader("Last runs")
    if records.report is None:
        _no_report()
        return
    components.table(landing.runs(records.report), "Runs", "lake.runs")


def _no_report() -> None:
    components.nothing(
        "Dagster has not told of it yet",
        "`make dev` runs it; by hand `musicflow build` tells of it at its end.",
    )
