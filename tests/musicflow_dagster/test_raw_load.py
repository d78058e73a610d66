import itertools
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.events import LISTEN_EVENTS, PAGE_VIEW_EVENTS
from contracts.lake import HOUR
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens, listen, row


def hours(first: int, end: int) -> HourRange:
    return HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)


class Bench:
    """A lake and a warehouse on a table."""

    def __init__(self, folder, connection):
        self.lake = LakeBuilder(folder / "lake")
        self.index = LakeIndex(folder / "index.sqlite", self.lake.store)
        self.connection = connection

    def load(self, first, end, event=LISTEN_EVENTS):
        self.index.refresh()
        return load_hours(DuckDBWarehouse(self.connection), self.index, event, hours(first, end))

    def rows(self, columns="*"):
        return self.connection.sql(
            f"select {columns} from raw.listen_events order by all"
        ).fetchall()

    def accounts(self):
        return self.connection.sql(
            "select * exclude (loaded_at) from reconciliation.raw_hours order by all"
        ).fetchall()


@pytest.fixture
def bench(tmp_path):
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        prepare(connection)
        yield Bench(tmp_path, connection)


def refused(report):
    return {(hour - FIRST_HOUR) // HOUR: refusal for hour, refusal in report.refused.items()}


def damaged(bench, manifest):
    path = bench.lake.root / manifest.files[0].path
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def test_loading_twice_gives_the_same_tables(bench):
    bench.lake.land("listen_events", hour_of_listens(0, 5) + hour_of_listens(1, 3))
    bench.load(0, 2)
    before = bench.rows(), bench.accounts()
    bench.load(0, 2)

    assert (bench.rows(), bench.accounts()) == before
    assert len(before[0]) == 8


def test_an_hour_without_files_becomes_empty_and_is_accounted_for(bench):
    report = bench.load(0, 1)

    assert report.loaded[FIRST_HOUR].raw_rows == 0
    assert [account[2:9] for account in bench.accounts()] == [(0, 0, 0, 0, 0, 0, 0)]


def test_times_are_stored_in_utc(bench):
    bench.lake.land("listen_events", [listen(5, 0)])
    bench.load(5, 6)

    assert bench.rows("occurred_at") == [((FIRST_HOUR + 5 * HOUR).replace(tzinfo=None),)]


def test_a_copy_is_counted_once_and_the_lowest_offset_stays(bench):
    bench.lake.land("listen_events", [listen(0, 0, kafka_offset=7), listen(0, 0, kafka_offset=3)])
    loaded = bench.load(0, 1).loaded[FIRST_HOUR]

    assert bench.rows("kafka_offset") == [(3,)]
    assert (loaded.duplicates, loaded.conflicting_duplicates) == (1, 0)


def test_a_copy_from_a_file_gives_way_to_one_from_kafka(bench):
    file = listen(0, 0, kafka_topic="a-file.ndjson", kafka_offset=0)
    bench.lake.land("listen_events", [file], kind="files")
    bench.lake.land("listen_events", [listen(0, 0, kafka_offset=9)])
    bench.load(0, 1)

    assert bench.rows("kafka_topic") == [("listen_events",)]


def test_the_same_identity_with_other_content_is_a_conflicting_duplicate(bench):
    copies = [listen(0, 0), listen(0, 0), listen(0, 0, song="Feeling Good")]
    bench.lake.land("listen_events", copies)
    loaded = bench.load(0, 1).loaded[FIRST_HOUR]

    assert (loaded.duplicates, loaded.conflicting_duplicates) == (2, 1)
    assert bench.rows("song") == [("Sinnerman",)]


def test_the_same_id_at_another_time_is_another_event(bench):
    bench.lake.land("listen_events", [listen(0, 0), listen(0, 1) | {"event_id": "listen-0-0"}])

    assert bench.load(0, 1).loaded[FIRST_HOUR].raw_rows == 2


def test_late_files_of_an_hour_replace_it_with_all_that_landed(bench):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    bench.load(0, 1)
    bench.lake.land("listen_events", [listen(0, 2), listen(0, 0)])
    bench.load(0, 1)

    assert bench.rows("event_id") == [("listen-0-0",), ("listen-0-1",), ("listen-0-2",)]


def test_rows_are_told_apart_by_the_kind_of_batch_that_brought_them(bench):
    bench.lake.land("listen_events", [listen(0, 0)])
    bench.lake.land("listen_events", [listen(0, 1)], kind="replay")
    bench.lake.land("listen_events", [listen(0, 2), listen(0, 3)], kind="files")
    bench.load(0, 1)

    assert bench.accounts()[0][2:6] == (1, 1, 2, 4)


class TestBadHours:
    @pytest.fixture(autouse=True)
    def an_hour_stands_between_good_ones(self, bench):
        self.bench = bench
        for hour in range(5):
            bench.lake.land("listen_events", hour_of_listens(hour, 2))
        bench.load(0, 5)
        self.before = bench.rows(), bench.accounts()

    def reload(self):
        """Load all hours, of which 2 is bad, after something good landed for 1 and 3."""
        self.bench.lake.land("listen_events", [listen(1, 9), listen(3, 9)])
        return self.bench.load(0, 5)

    def assert_only_the_bad_hour_stayed(self, report):
        assert list(refused(report)) == [2]
        assert sorted((hour - FIRST_HOUR) // HOUR for hour in report.loaded) == [0, 1, 3, 4]
        rows, accounts = self.bench.rows(), self.bench.accounts()
        bad = (FIRST_HOUR + 2 * HOUR).replace(tzinfo=None)
        assert [each for each in accounts if each[1] == bad] == [
            each for each in self.before[1] if each[1] == bad
        ]
        assert len(rows) == len(self.before[0]) + 2

    def test_a_damaged_file_leaves_its_hour_as_it_was(self):
        damaged(self.bench, self.bench.lake.land("listen_events", [listen(2, 5)]))
        report = self.reload()

        self.assert_only_the_bad_hour_stayed(report)
        assert "cannot be read" in refused(report)[2].reason

    def test_a_file_that_is_gone_leaves_its_hour_as_it_was(self):
        manifest = self.bench.lake.land("listen_events", [listen(2, 5)])
        (self.bench.lake.root / manifest.files[0].path).unlink()
        report = self.reload()

        self.assert_only_the_bad_hour_stayed(report)
        assert manifest.files[0].path in refused(report)[2].reason

    def test_fewer_rows_than_the_manifest_says_leave_the_hour_as_it_was(self):
        self.bench.lake.land("listen_events", [listen(2, 5)], claimed_rows=4)
        report = self.reload()

        self.assert_only_the_bad_hour_stayed(report)
        assert "manifests say 6 rows" in refused(report)[2].reason

    def test_a_breach_is_told_by_position_field_and_rule_never_by_value(self):
        bad = listen(2, 5, level="platinum-secret", kafka_offset=1234)
        self.bench.lake.land("listen_events", [bad])
        report = self.reload()

        self.assert_only_the_bad_hour_stayed(report)
        [breach] = refused(report)[2].breaches
        assert (breach.field, breach.kafka_partition, breach.kafka_offset) == ("level", 0, 1234)
        assert "secret" not in str(report.refused)

    def test_all_bad_hours_are_named(self):
        damaged(self.bench, self.bench.lake.land("listen_events", [listen(0, 5)]))
        self.bench.lake.land("listen_events", [listen(4, 5, item_in_session=-1)])

        assert sorted(refused(self.bench.load(0, 5))) == [0, 4]


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        pytest.param({"duration_seconds": -1.0}, "greater_than_or_equal_to", id="too small"),
        pytest.param({"duration_seconds": float("nan")}, "less_than_or_equal_to", id="no number"),
        pytest.param({"latitude": 91.0}, "less_than_or_equal_to", id="too large"),
        pytest.param({"auth": "Somehow"}, "isin", id="not allowed"),
    ],
)
def test_each_kind_of_breach_refuses_the_hour(bench, changes, rule):
    bench.lake.land("listen_events", [listen(0, 0), listen(0, 1, **changes)])
    [refusal] = bench.load(0, 1).refused.values()

    assert rule in [breach.rule.partition("(")[0] for breach in refusal.breaches]


@given(st.data())
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_ranges_in_any_order_with_late_files_give_the_tables_of_one_clean_load(
    tmp_path_factory, data
):
    """Loads random ranges while batches land, then all once more where something is new."""
    folder = tmp_path_factory.mktemp("order")
    batches = data.draw(
        st.lists(
            st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=6),
            min_size=1,
            max_size=4,
        )
    )
    bounds = st.tuples(st.integers(0, 5), st.integers(1, 6)).filter(lambda each: each[0] < each[1])
    with (
        open_warehouse(folder / "worked.duckdb") as worked,
        open_warehouse(folder / "clean.duckdb") as clean,
    ):
        prepare(worked)
        prepare(clean)
        bench = Bench(folder, worked)
        for batch in batches:
            bench.lake.land("listen_events", [listen(hour, number) for hour, number in batch])
            for first, end in data.draw(st.lists(bounds, max_size=2)):
                bench.load(first, end)
        for hour in data.draw(st.permutations(range(6))):
            bench.load(hour, hour + 1)
        anew = Bench(folder, clean)
        anew.load(0, 6)

        assert bench.rows() == anew.rows()
        assert bench.accounts() == anew.accounts()


def test_each_event_loads_into_its_own_table(bench):
    at = FIRST_HOUR + timedelta(minutes=3)
    bench.lake.land("page_view_events", [row(PAGE_VIEW_EVENTS, at, "view-1")])

    assert bench.load(0, 1, PAGE_VIEW_EVENTS).loaded[FIRST_HOUR].raw_rows == 1
    assert bench.rows() == []


def test_a_load_that_fails_half_way_leaves_the_table_as_it_was(bench, monkeypatch):
    bench.lake.land("listen_events", hour_of_listens(0, 2))
    bench.load(0, 1)
    before = bench.rows(), bench.accounts()
    bench.lake.land("listen_events", [listen(0, 7)])
    monkeypatch.setattr("musicflow_dagster.warehouse.duckdb.raw_load.RawLoad._record", _fail)

    with pytest.raises(KeyboardInterrupt):
        bench.load(0, 1)
    assert (bench.rows(), bench.accounts()) == before


def _fail(*_):
    raise KeyboardInterrupt


def test_a_long_range_takes_as_many_statements_as_a_short_one(bench, monkeypatch):
    for hour in range(30):
        bench.lake.land("listen_events", [listen(hour, 0)])
    bench.index.refresh()
    counts = []
    for end in (1, 30):
        counting = CountingConnection(bench.connection)
        load_hours(DuckDBWarehouse(counting), bench.index, LISTEN_EVENTS, hours(0, end))
        counts.append(counting.statements)

    assert counts[0] == counts[1]


class CountingConnection:
    def __init__(self, connection):
        self.connection = connection
        self.statements = 0

    def execute(self, *arguments):
        self.statements += 1
        return self.connection.execute(*arguments)

    def sql(self, *arguments, **keywords):
        self.statements += 1
        return self.connection.sql(*arguments, **keywords)


def test_files_are_found_for_every_hour_of_a_range(bench):
    rows = itertools.chain.from_iterable(hour_of_listens(hour, 2) for hour in range(26))
    bench.lake.land("listen_events", rows)

    assert len(bench.load(0, 26).loaded) == 26
    assert len(bench.rows()) == 52


def without_columns(bench, manifest, *gone):
    """A file as it was landed before these columns were in the contract."""
    path = bench.lake.root / manifest.files[0].path
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(list(gone)), path)


def test_hours_landed_under_an_older_contract_load_as_they_are(bench):
    old = bench.lake.land("listen_events", [listen(0, 0)])
    without_columns(bench, old, "home_region", "browser", "song_id")
    bench.lake.land("listen_events", [listen(1, 0, browser="firefox")])
    bench.lake.land("listen_events", [listen(1, 0, browser="chrome")])

    alone, together = bench.load(0, 1), bench.load(0, 2)

    assert not alone.refused
    assert not together.refused
    assert bench.rows("event_id, song_id, browser") == [
        ("listen-0-0", None, None),
        ("listen-1-0", "S1", "firefox"),
    ]
    # What landing derives is no part of what copies must share.
    assert [each.conflicting_duplicates for each in together.loaded.values()] == [0, 0]


def test_a_file_without_a_required_column_is_still_refused(bench):
    without_columns(bench, bench.lake.land("listen_events", [listen(0, 0)]), "session_id")

    assert list(refused(bench.load(0, 1))) == [0]


def test_a_warehouse_of_an_older_contract_gets_the_new_columns(bench):
    bench.lake.land("listen_events", [listen(0, 0)])
    bench.load(0, 1)
    bench.connection.execute("alter table raw.listen_events drop column browser")

    prepare(bench.connection)
    bench.lake.land("listen_events", [listen(1, 0, browser="firefox")])
    bench.load(1, 2)

    assert bench.rows("browser") == [("firefox",), (None,)]
