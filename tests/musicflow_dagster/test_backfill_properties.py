"""Backfills of random ranges, in random order, while late files land: as if built once, clean."""

import itertools
import json
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.publication import VIEWS
from musicflow_dagster.dbt_models import published_models
from musicflow_dagster.hours import HourRange, naive
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare, set_pseudonym_key
from musicflow_dagster.warehouse.duckdb.published_rows import built_hours
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.facts import FACTS
from musicflow_dagster.warehouse.published import RECONCILIATION
from tests.builders import FIRST_HOUR, LakeBuilder, row
from tests.dbt_project.warehouse import Warehouse
from tests.musicflow_dagster.facts import TABLES

HOURS = 6
START = FIRST_HOUR + 21 * HOUR
"""Three hours before midnight, so that the hours are of two days."""
UNLIKE = {"raw_hours": "exclude (loaded_at)"}


def hours(first: int, end: int) -> HourRange:
    return HourRange(START + first * HOUR, START + end * HOUR)


class Site:
    """A warehouse and a snapshot of a lake, built by the steps that a run has."""

    def __init__(self, folder: Path, lake: LakeBuilder):
        self.path, self.snapshot = folder / "warehouse.duckdb", folder / "snapshot"
        self.index = LakeIndex(folder / "index.sqlite", lake.store)
        self.tables = TABLES

    def backfill(self, window: HourRange) -> None:
        self.index.refresh()
        with open_warehouse(self.path) as connection:
            prepare(connection)
            set_pseudonym_key(connection, "the key of these tests")
            for event in EVENTS:
                assert not load_hours(
                    DuckDBWarehouse(connection), self.index, event, window
                ).refused
        self.build_models(window)
        with open_warehouse(self.path) as connection:
            account_for(connection, window)
            Publisher(connection, self.snapshot).publish(self.tables, window)

    def build_models(self, window: HourRange) -> None:
        """Facts alone, in place of all that dbt builds: many examples in little time."""
        bounds = [naive(window.start), naive(window.end)]
        with open_warehouse(self.path) as connection:
            connection.execute("create schema if not exists marts")
            for fact in FACTS:
                at, run = fact.time_column, connection.execute
                within = f"where {at} >= $1 and {at} < $2"
                run(f"create table if not exists marts.{fact.name} (event_id text, {at} timestamp)")
                run(f"delete from marts.{fact.name} {within}", bounds)
                run(
                    f"insert into marts.{fact.name} select * from (select event_id, "
                    f"occurred_at as {at} from raw.{fact.event.name}) {within}",
                    bounds,
                )

    def contents(self) -> dict[str, list[tuple]]:
        """All rows of all tables, in one order: of the warehouse, and as readers see them."""
        found = {}
        for name, file in (("warehouse", self.path), ("snapshot", self.snapshot / VIEWS)):
            with duckdb.connect(file, read_only=True) as connection:
                listed = connection.execute(
                    "select schema_name, table_name from duckdb_tables() union all "
                    "select schema_name, view_name from duckdb_views() where not internal"
                ).fetchall()
                for schema, table in listed:
                    if (schema, table) != ("reconciliation", "warehouse"):  # its own random id
                        rows = f"select * {UNLIKE.get(table, '')} from {schema}.{table}"
                        found[name, schema, table] = connection.execute(
                            f"{rows} order by all"
                        ).fetchall()
        return found


class SiteWithDbt(Site):
    """The same with the project's own models."""

    def __init__(self, folder: Path, lake: LakeBuilder, target: Path):
        super().__init__(folder, lake)
        self.dbt = Warehouse(self.path, target)

    def build_models(self, window: HourRange) -> None:
        done = self.dbt.dbt("run", start=window.start, end=window.end)
        assert done.success, self.dbt.messages[-10:]
        manifest = json.loads((self.dbt.target / "manifest.json").read_bytes())
        self.tables = [*(table for _, table in published_models(manifest)), *RECONCILIATION]


def ranges_of_all(draw) -> list[HourRange]:
    """All hours as some ranges, in some order."""
    cuts = sorted(draw(st.sets(st.integers(1, HOURS - 1), max_size=3)))
    bounds = itertools.pairwise([0, *cuts, HOURS])
    return draw(st.permutations([hours(first, end) for first, end in bounds]))


@st.composite
def histories(draw, most_batches: int = 3, most_ranges: int = 2):
    """Batches of events, each with the ranges that are built after it; then all hours, anyhow."""
    event = st.tuples(st.sampled_from(EVENTS), st.integers(0, HOURS - 1), st.integers(0, 4))
    bounds = st.tuples(st.integers(0, HOURS - 1), st.integers(1, HOURS))
    window = bounds.filter(lambda each: each[0] < each[1]).map(lambda each: hours(*each))
    batch = st.tuples(
        st.lists(event, min_size=1, max_size=8), st.lists(window, max_size=most_ranges)
    )
    return draw(st.lists(batch, min_size=1, max_size=most_batches)), ranges_of_all(draw)


def happened(event, hour, number):
    """The `number`th event of an hour; of the same number there is only one, sent again."""
    at = START + hour * HOUR + timedelta(minutes=7 * number, milliseconds=number)
    details = {"user_id": number % 3, "session_id": number, "level": ("free", "paid")[number % 2]}
    return row(event, at, f"{event.name}-{hour}-{number}", **details, artist=f"A{number}")


def live_through(site: Site, lake: LakeBuilder, history) -> None:
    batches, at_last = history
    for events, windows in batches:
        for event, of_one in itertools.groupby(sorted(events, key=_by_event), lambda each: each[0]):
            lake.land(event.name, [happened(*each) for each in of_one])
        for window in windows:
            site.backfill(window)
    for window in at_last:
        site.backfill(window)


def _by_event(event):
    return (event[0].name, *event[1:])


@given(histories())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_backfills_in_any_order_with_late_files_leave_what_one_clean_build_leaves(
    tmp_path_factory, history
):
    folder = tmp_path_factory.mktemp("worked")
    lake = LakeBuilder(folder / "lake")
    worked = Site(folder, lake)
    live_through(worked, lake, history)
    clean = Site(tmp_path_factory.mktemp("clean"), lake)
    clean.backfill(hours(0, HOURS))

    assert worked.contents() == clean.contents()
    assert built_hours(worked.snapshot, worked.path) == built_hours(clean.snapshot, clean.path)


@pytest.mark.integration
@given(histories(most_batches=2, most_ranges=1))
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
def test_all_models_of_dbt_too(tmp_path_factory, dbt_target, history):
    folder = tmp_path_factory.mktemp("worked")
    lake = LakeBuilder(folder / "lake")
    worked = SiteWithDbt(folder, lake, dbt_target)
    live_through(worked, lake, history)
    clean = SiteWithDbt(tmp_path_factory.mktemp("clean"), lake, dbt_target)
    clean.backfill(hours(0, HOURS))

    assert worked.contents() == clean.contents()
    assert len(clean.contents()) > 30
