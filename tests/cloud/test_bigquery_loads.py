"""Raw loads into BigQuery: each event once, whatever was done twice, late, or cut short."""

import itertools
import os
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import pytest
from google.cloud.bigquery import SchemaField, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import ConfigurationError
from contracts.events import EVENTS, LISTEN_EVENTS, lake_fields
from contracts.lake import HOUR
from contracts.store import open_store
from contracts.to_bigquery import Column, bigquery_columns
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.songs import read_songs
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.bigquery.opening import open_warehouse
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.publications import BigQueryPublications
from musicflow_dagster.warehouse.bigquery.session import BigQueryWarehouse
from musicflow_dagster.warehouse.bigquery.tables import DATASETS, prepare
from musicflow_dagster.warehouse.facts import FACTS
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens, listen

pytestmark = [pytest.mark.cloud, pytest.mark.integration]

HOURS = 3
ALL = HourRange(FIRST_HOUR, FIRST_HOUR + HOURS * HOUR)


def hours(first: int, end: int) -> HourRange:
    return HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)


class Bench:
    """A lake in a bucket and a warehouse in BigQuery."""

    def __init__(self, warehouse: BigQueryWarehouse, lake: str, folder: Path) -> None:
        self.warehouse, self.jobs = warehouse, warehouse.jobs
        self.lake = LakeBuilder(Path("bench"), open_store(lake))
        self.index = LakeIndex(folder / f"{uuid.uuid4().hex}.sqlite", self.lake.store)
        self.publications = BigQueryPublications(warehouse.jobs, folder / "lock")

    def load(self, first, end, event=LISTEN_EVENTS):
        self.index.refresh()
        return load_hours(self.warehouse, self.index, event, hours(first, end))

    def rows(self, columns="*"):
        table = self.jobs.place.sql("raw", "listen_events")
        query = f"select {columns} from {table} where occurred_at > '1900-01-01'"
        return sorted(self.jobs.rows(query, "look"), key=str)

    def accounts(self):
        return self.publications.accounts(None)

    def loading_tables(self):
        tables = self.jobs.client.list_tables(self.jobs.place.dataset("raw"))
        return [each.table_id for each in tables if each.table_id.startswith("_loading")]


@pytest.fixture
def place(bigquery, monkeypatch) -> Iterator[Place]:
    """Datasets of the test's own, removed after."""
    for name, value in bigquery.environment.items():
        monkeypatch.setenv(name, value)
    location = os.environ.get("MUSICFLOW_BIGQUERY_LOCATION", "US")
    place = Place(bigquery.project, location, f"t{uuid.uuid4().hex[:10]}_")
    yield place
    client = connect(place).client
    for schema in DATASETS:
        client.delete_dataset(place.dataset(schema), delete_contents=True, not_found_ok=True)


@pytest.fixture
def bench(place, gs_lake, tmp_path) -> Bench:
    return Bench(open_warehouse(place, "musicflow-test-1"), gs_lake, tmp_path)


def test_an_hour_is_loaded_with_each_event_once_and_accounted_for(bench):
    copies = [listen(0, 0, kafka_offset=9), listen(0, 1, song="Feeling Good")]
    bench.lake.land("listen_events", hour_of_listens(0, 3) + copies + hour_of_listens(1, 2))
    report = bench.load(0, 2)

    loaded = report.loaded[FIRST_HOUR]
    assert (loaded.raw_rows, loaded.duplicates, loaded.conflicting_duplicates) == (3, 2, 1)
    assert bench.rows("kafka_offset, song") == [
        (0, "Sinnerman"), (1, "Sinnerman"), (2, "Sinnerman"), (5, "Sinnerman"), (6, "Sinnerman"),
    ]  # fmt: skip
    account = bench.accounts()["listen_events", FIRST_HOUR]
    assert (account.landed, account.raw_rows, account.duplicates) == (5, 3, 2)
    assert report.costs["loaded_files"] == 2
    assert bench.loading_tables() == []


def test_a_copy_from_a_file_gives_way_to_one_from_kafka(bench):
    file = listen(0, 0, kafka_topic="a-file.ndjson", kafka_offset=0)
    bench.lake.land("listen_events", [file], kind="files")
    bench.lake.land("listen_events", [listen(0, 0, kafka_offset=9)])
    bench.load(0, 1)

    assert bench.rows("kafka_topic") == [("listen_events",)]


def test_values_are_those_of_the_lake(bench):
    landed = listen(1, 0, tag=None, unknown_fields='{"new": 1}', song='\'; drop "table" --')
    bench.lake.land("listen_events", [landed])
    bench.load(1, 2)

    columns = [each.name for each in lake_fields(LISTEN_EVENTS) if each.name in landed]
    assert bench.rows(", ".join(columns)) == [tuple(landed[each] for each in columns)]


def test_an_hour_without_files_becomes_empty_and_is_accounted_for(bench):
    assert bench.load(0, 1).loaded[FIRST_HOUR].raw_rows == 0
    assert bench.accounts()["listen_events", FIRST_HOUR].landed == 0


def test_a_bad_hour_stays_as_it_was_and_the_others_are_loaded(bench):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    bench.lake.land("listen_events", hour_of_listens(1, 2), claimed_rows=3)
    gone = bench.lake.land("listen_events", hour_of_listens(2, 2))
    bench.lake.store.delete(gone.files[0].path)
    report = bench.load(0, 3)

    assert list(report.loaded) == [FIRST_HOUR]
    assert "manifests say 3 rows" in report.refused[FIRST_HOUR + HOUR].reason
    assert "lacks a file" in report.refused[FIRST_HOUR + 2 * HOUR].reason
    assert len(bench.rows()) == 2


@pytest.mark.parametrize("is_gone", [True, False], ids=["gone", "damaged"])
def test_a_file_that_is_lost_while_it_is_loaded_refuses_its_hour_alone(bench, monkeypatch, is_gone):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    lost = bench.lake.land("listen_events", hour_of_listens(1, 2)).files[0].path
    before = Jobs.load

    def after_loss(self, *arguments, **keywords):
        bench.lake.store.delete(lost)
        if not is_gone:
            bench.lake.store.put(lost, b"no Parquet")
        return before(self, *arguments, **keywords)

    monkeypatch.setattr(Jobs, "load", after_loss)
    report = bench.load(0, 2)

    assert list(report.loaded) == [FIRST_HOUR]
    assert "cannot be read" in report.refused[FIRST_HOUR + HOUR].reason
    assert bench.loading_tables() == []


class CutShortError(Exception):
    """The process ends here."""


CUTS = list(itertools.product(("-count", "-merge", "-account"), (False, True)))
"""The job at which a load ends, and whether the job is carried out before."""
WORK = st.lists(
    st.one_of(
        st.tuples(
            st.just("land"),
            st.lists(st.tuples(st.integers(0, HOURS - 1), st.integers(0, 4)), max_size=6),
        ),
        st.tuples(st.just("load"), st.sampled_from([(0, 1), (1, 3), (0, 3)])),
        st.tuples(st.just("cut"), st.sampled_from(CUTS)),
    ),
    max_size=6,
)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(work=WORK)
def test_any_order_of_landing_loading_and_dying_ends_with_each_event_once(
    work, place, fake_gcs, gs_lake, tmp_path
):
    lake = f"{gs_lake}-{uuid.uuid4().hex[:8]}"
    bench = Bench(open_warehouse(place, "musicflow-test-2"), lake, tmp_path)
    expected: dict[tuple[str, datetime], int] = {}
    for what, about in work:
        if what == "land":
            _land(bench, about, expected)
        elif what == "load":
            assert not bench.load(*about).refused
        else:
            _load_and_die(bench, *about)
    assert not bench.load(0, HOURS).refused

    assert bench.rows("event_id, occurred_at, kafka_offset") == sorted(
        ((*identity, offset) for identity, offset in expected.items()), key=str
    )
    with bench.publications.recount(0) as recount:
        assert recount.copies(None) == []
        raw = recount.raw_rows(None)
    for (event, hour), account in bench.accounts().items():
        landed = bench.index.hours(event, hour, hour + HOUR)[0].get(hour)
        assert account.manifests == (landed.fingerprint if landed else "")
        assert account.landed == account.raw_rows + account.duplicates
        assert account.raw_rows == raw.get((event, hour), 0)


def _land(bench, numbers, expected):
    """Land listens, some of them for a second time."""
    rows = [listen(hour, number) for hour, number in numbers]
    offset = bench.lake.offsets.get("listen_events", 0)
    for place_in_batch, row in enumerate(rows):
        identity = (row["event_id"], row["occurred_at"])
        expected.setdefault(identity, offset + place_in_batch)
    if rows:
        bench.lake.land("listen_events", rows)


def _load_and_die(bench, stage, is_done):
    """Load all hours, by a process that ends at a stage, before or after the job is `is_done`."""
    before, accounts = bench.rows("event_id"), bench.accounts()
    carried_out = Jobs._query

    def until(self, sql, doing, parameters):
        if not doing.endswith(stage):
            return carried_out(self, sql, doing, parameters)
        if is_done:
            carried_out(self, sql, doing, parameters)
        raise CutShortError

    with patch.object(Jobs, "_query", until), pytest.raises(CutShortError):
        bench.load(0, HOURS)
    if stage == "-count" or (stage == "-merge" and not is_done):
        assert bench.rows("event_id") == before
    if stage != "-account":
        assert bench.accounts() == accounts


def test_accounts_of_facts_note_what_whole_hours_were_built_from(bench):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    for event in EVENTS:
        bench.load(0, 1, event)
    for fact in FACTS:
        bench.jobs.run(
            f"create view {bench.jobs.place.sql('marts', fact.name)} as select occurred_at as "
            f"{fact.time_column} from {bench.jobs.place.sql('raw', fact.event.name)} "
            "where occurred_at > '1900-01-01'",
            "stand-in",
        )
    assert bench.publications.standing() is None
    counted = bench.warehouse.account_for(hours(0, 1))
    bench.warehouse.publish([])

    assert [each.fact_rows for each in counted["fct_streams"]] == [2]
    landed = bench.index.fingerprints()["listen_events"]
    assert bench.publications.built_hours()["listen_events"] == landed
    assert bench.publications.built_hours(FIRST_HOUR + HOUR) == {}
    assert bench.publications.fact_rows(None)[0] == {("fct_streams", FIRST_HOUR): 2}
    assert bench.publications.standing().number == 1


def test_an_hour_whose_fact_lacks_rows_does_not_count_as_built(bench):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    bench.load(0, 1)
    for fact in FACTS:
        bench.jobs.run(
            f"create table {bench.jobs.place.sql('marts', fact.name)} "
            f"({fact.time_column} timestamp)",
            "stand-in",
        )
    counted = bench.warehouse.account_for(hours(0, 1))

    assert [(each.raw_rows, each.fact_rows) for each in counted["fct_streams"]] == [(2, 0)]
    assert bench.publications.built_hours() == {}


@pytest.mark.parametrize(("most_hours", "most_uris"), [(1, 10_000), (4_000, 1)])
def test_loads_are_split_where_bigquery_has_limits(bench, monkeypatch, most_hours, most_uris):
    monkeypatch.setattr("musicflow_dagster.warehouse.bigquery.raw_load.MOST_HOURS", most_hours)
    monkeypatch.setattr("musicflow_dagster.warehouse.bigquery.jobs.MOST_URIS", most_uris)
    bench.lake.land("listen_events", hour_of_listens(0, 2) + hour_of_listens(1, 3))
    report = bench.load(0, 2)

    assert [each.raw_rows for _, each in sorted(report.loaded.items())] == [2, 3]
    assert report.costs["loaded_files"] == 2
    assert len(bench.rows()) == 5


def test_the_catalogue_replaces_the_one_before(bench, tmp_path):
    file = tmp_path / "songs.csv"
    for title in ("Sinnerman", "Feeling Good"):
        file.write_text(f"artist,title,duration,year\nNina Simone,{title},622.5,1965\n")
        bench.warehouse.replace_songs(read_songs(file))
    songs = bench.jobs.place.sql("catalogue", "songs")

    assert bench.jobs.rows(
        f"select title, duration_seconds, release_year from {songs}", "look"
    ) == [("Feeling Good", 622.5, 1965.0)]


def test_the_pseudonym_key_is_put_by_no_statement(bench):
    with patch.object(Jobs, "_query", autospec=True, side_effect=Jobs._query) as query:
        bench.warehouse.set_pseudonym_key("a-secret")

    assert query.mock_calls, "whether it is there was asked"
    assert "a-secret" not in str(query.mock_calls)


def test_columns_are_those_of_tables_that_stay(bench):
    client, place = bench.jobs.client, bench.jobs.place
    number = [SchemaField("number", "INTEGER")]
    for schema, name in (
        ("raw", "_loading_listen_events_1"),
        ("marts", "fct_streams__dbt_tmp_1"),
        ("marts", "stays"),
        ("marts", "gone"),
    ):
        client.create_table(Table(place.table(schema, name), number))
    listed = BigQueryWarehouse._tables_of

    def and_then_gone(self, schema):
        tables = listed(self, schema)
        if schema == "marts":
            client.delete_table(place.table("marts", "gone"))
        return tables

    with patch.object(BigQueryWarehouse, "_tables_of", and_then_gone):
        tables = bench.warehouse.columns().tables[place.project]

    assert tables[f"{place.prefix}marts"] == {"stays": {"number": "INTEGER"}}
    assert set(tables[f"{place.prefix}raw"]) == {event.name for event in EVENTS}


def test_another_pseudonym_key_is_refused_without_showing_either(bench):
    bench.warehouse.set_pseudonym_key("old-secret")
    bench.warehouse.set_pseudonym_key("old-secret")

    with pytest.raises(ConfigurationError) as refusal:
        bench.warehouse.set_pseudonym_key("new-secret")
    assert "secret" not in str(refusal.value)


def test_what_is_staged_is_null_only_where_the_contract_says_so(bench, monkeypatch):
    schemas = []
    load = Jobs.load

    def looked_at(self, uris, table, doing, **config):
        schemas.extend([self.client.get_table(table).schema, config["schema"]])
        return load(self, uris, table, doing, **config)

    monkeypatch.setattr(Jobs, "load", looked_at)
    bench.lake.land("listen_events", hour_of_listens(0, 1))
    bench.load(0, 1)

    required = {each.name for each in lake_fields(LISTEN_EVENTS) if not each.nullable}
    for schema in schemas:
        assert {each.name for each in schema if each.mode == "REQUIRED"} == required


def test_preparing_twice_changes_nothing_and_tables_are_as_the_contract_says(bench):
    table = bench.jobs.client.get_table(bench.jobs.place.table("raw", "listen_events"))
    prepare(bench.jobs)

    assert (table.time_partitioning.type_, table.time_partitioning.field) == ("HOUR", "occurred_at")
    assert table.clustering_fields == ["user_id", "session_id"]
    assert table.schema[0].description
    assert table.labels["managed_by"] == "musicflow"
    ids = bench.jobs.place.sql("reconciliation", "warehouse")
    assert bench.jobs.rows(f"select count(*) from {ids}", "look") == [(1,)]


def test_columns_that_the_contract_has_got_are_added(bench, monkeypatch):
    lacking = {"device_type", "registered_at"}
    columns = [each.name for each in lake_fields(LISTEN_EVENTS) if each.name not in lacking]
    raw = bench.jobs.place.sql("raw", "listen_events")
    bench.lake.land("listen_events", hour_of_listens(0, 1))
    bench.load(0, 1)
    bench.jobs.run(f"create or replace table {raw} as select {', '.join(columns)} from {raw} "
                   "where occurred_at > '1900-01-01'", "an older contract")  # fmt: skip
    volume: Column = {"name": "volume", "type": "FLOAT", "mode": "NULLABLE",
                      "description": 'Of the "player"'}  # fmt: skip
    monkeypatch.setattr(
        "musicflow_dagster.warehouse.bigquery.tables.bigquery_columns",
        lambda event: [*bigquery_columns(event), volume],
    )
    with patch.object(Jobs, "run", autospec=True, side_effect=Jobs.run) as run:
        prepare(bench.jobs)
    statements = [each.args[1] for each in run.mock_calls if "listen_events" in each.args[2]]
    bench.lake.land("listen_events", [listen(1, 0, device_type="phone")])
    bench.load(1, 2)

    assert bench.rows("device_type, volume") == [("phone", None), (None, None)]
    assert any("volume FLOAT64 options" in each for each in statements), "DDL knows no FLOAT"


@pytest.mark.parametrize(
    ("zip_code", "says"),
    [
        pytest.param([], "it lacks the column zip", id="a column dropped"),
        pytest.param([SchemaField("zip", "INTEGER")], "zip is INT", id="a column of another type"),
    ],
)
def test_a_table_that_somebody_changed_by_hand_is_told_before_anything_is_loaded(
    bench, zip_code, says
):
    client, name = bench.jobs.client, bench.jobs.place.table("raw", "listen_events")
    kept = [each for each in client.get_table(name).schema if each.name != "zip"]
    client.delete_table(name)
    client.create_table(Table(name, [*kept, *zip_code]))

    with pytest.raises(ConfigurationError, match=says) as refusal:
        prepare(bench.jobs)
    assert "somebody has changed the table" in str(refusal.value)
    assert "\n" not in str(refusal.value)
