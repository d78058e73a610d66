import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pyarrow.parquet as pq
import pytest

from contracts.errors import LakeError
from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.publication import current
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.lock import WriterLock
from tests.builders import FIRST_HOUR, hour_of_listens, listen
from tests.musicflow_dagster.facts import TABLES, stand_in

HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 3 * HOUR)


@pytest.fixture(autouse=True)
def caught_up(lake):
    """All three hours are complete, unless a test says otherwise."""
    lake.catch_up(HOURS.end + HOUR)


@contextmanager
def built(settings, *, lose: str = ""):
    """Build and publish the hours, views standing in for dbt's facts."""
    index = manifest_index(settings)
    index.refresh()
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        stand_in(connection, fct_streams=lose)
        for event in EVENTS:
            load_hours(DuckDBWarehouse(connection), index, event, HOURS)
        account_for(connection, HOURS)
        yield connection
        Publisher(connection, settings.snapshot).publish(TABLES, HOURS)


@pytest.fixture
def platform(settings, lake):
    """Four listens in the first hour, three in the third, all built; gives the first manifest."""
    first = lake.land("listen_events", hour_of_listens(0, 4), rejected={"oversized": 2})
    lake.land("listen_events", hour_of_listens(2, 3))
    with built(settings):
        pass
    assert reconcile(settings).holds
    return first


def findings(settings, hours=None):
    found = reconcile(settings, hours)
    assert found.holds is not bool(found.findings)
    return [(each.where, each.what) for each in found.findings]


def test_every_event_is_accounted_for(settings, lake):
    lake.land("listen_events", [*hour_of_listens(0, 4), listen(0, 0)], rejected={"oversized": 2})
    lake.land("listen_events", hour_of_listens(2, 3), kind="files")
    with built(settings):
        pass
    result = reconcile(settings)
    totals = result.totals["listen_events"]

    assert result.findings == ()
    assert (totals.offsets, totals.accepted, totals.rejected) == (7, 8, 2)
    assert (totals.landed, totals.raw, totals.duplicates) == (8, 7, 1)
    assert {name: rows for name, rows in result.facts.items() if rows} == {"fct_streams": 7}


def test_rows_of_complete_hours_that_are_not_built_are_named(settings, lake, platform):
    lake.land("listen_events", [listen(1, 0)])

    assert findings(settings) == [("2026-01-01-01:00", "1 landed rows are not built yet")]
    assert reconcile(settings, HourRange(FIRST_HOUR, FIRST_HOUR + HOUR)).holds


def test_rows_of_an_hour_that_is_not_complete_wait_and_are_not_lost(settings, lake, platform):
    lake.catch_up(HOURS.end + settings.grace)
    lake.land("listen_events", hour_of_listens(3, 5))
    result = reconcile(settings)
    totals = result.totals["listen_events"]

    assert result.holds
    assert result.complete_until == HOURS.end
    assert (totals.waiting, result.waiting) == (5, 5)
    assert totals.landed == totals.raw + totals.duplicates + totals.erased + totals.waiting


def test_rows_that_landed_after_an_early_build_of_their_hour_wait(settings, lake, platform):
    lake.catch_up(HOURS.end)
    lake.land("listen_events", [listen(2, 8), listen(2, 9)])
    result = reconcile(settings)
    totals = result.totals["listen_events"]

    assert result.holds
    assert (totals.landed, totals.raw, totals.waiting) == (9, 7, 2)


def test_a_lake_of_which_nothing_was_built_does_not_reconcile(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 4))

    assert not reconcile(settings).holds


def test_an_empty_lake_reconciles(settings, lake):
    assert reconcile(settings).holds


def test_rows_that_a_fact_lost_are_named(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 4))
    with built(settings, lose="where event_id <> 'listen-0-1'"):
        pass

    assert findings(settings) == [
        ("2026-01-01-00:00", "4 landed rows are not built yet"),
        ("2026-01-01-00:00", "4 raw rows, 3 in fct_streams"),
    ]


def removed(path):
    path.unlink()


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-9])


def without_a_row(path):
    pq.write_table(pq.read_table(path)[1:], path)


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        pytest.param(removed, "is gone", id="removed"),
        pytest.param(cut_short, "cannot be read (ArrowInvalid)", id="cut short"),
        pytest.param(without_a_row, "holds {fewer} rows", id="with a row less"),
    ],
)
def test_a_file_of_the_lake_that_is_not_as_its_manifest_says_is_named(
    settings, lake, platform, harm, what
):
    files = [*platform.files, *platform.rejected_files]
    for file in files:
        harm(lake.root / file.path)

    assert findings(settings) == [
        (
            file.hour,
            f"{file.path} {what.format(fewer=file.rows - 1)}, its manifest says {file.rows} rows",
        )
        for file in files
    ]
    assert reconcile(settings, HourRange(FIRST_HOUR + 2 * HOUR, HOURS.end)).holds


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        pytest.param(
            "delete from raw.listen_events where occurred_at < timestamp '2026-01-01 01:00:00'",
            "4 rows were loaded into raw, 0 stand there",
            id="an hour deleted",
        ),
        pytest.param(
            "insert into raw.listen_events from raw.listen_events where event_id = 'listen-0-1'",
            "4 rows were loaded into raw, 5 stand there",
            id="a row doubled",
        ),
    ],
)
def test_raw_rows_that_were_changed_by_hand_are_named(settings, platform, statement, what):
    with open_warehouse(settings.warehouse) as connection:
        connection.execute(statement)
    found = reconcile(settings)

    assert ("2026-01-01-00:00", what) in [(each.where, each.what) for each in found.findings]
    assert {each.where for each in found.findings} == {"2026-01-01-00:00"}
    assert reconcile(settings, HourRange(FIRST_HOUR + HOUR, HOURS.end)).holds


def test_a_raw_row_that_took_the_place_of_another_is_named(settings, platform):
    with open_warehouse(settings.warehouse) as connection:
        connection.execute(
            "delete from raw.listen_events where event_id = 'listen-0-1'; "
            "insert into raw.listen_events from raw.listen_events where event_id = 'listen-0-2'"
        )

    assert findings(settings) == [("2026-01-01-00:00", "1 rows of raw are copies of another")]


def test_raw_rows_that_never_landed_are_named(settings, platform):
    with open_warehouse(settings.warehouse) as connection:
        connection.execute(
            "insert into raw.listen_events select * replace (occurred_at + interval 1 day "
            "as occurred_at) from raw.listen_events where event_id = 'listen-0-1'"
        )

    assert findings(settings) == [("2026-01-02-00:00", "1 rows are built that never landed")]


def test_a_warehouse_that_is_gone_is_no_proof(settings, platform):
    settings.warehouse.unlink()

    assert ("2026-01-01-00:00", "4 rows were loaded into raw, 0 stand there") in findings(settings)


def fact_file(settings):
    [file] = current(settings.snapshot).tables["marts.fct_streams"].files
    return settings.snapshot / file.path


def test_rows_that_a_published_fact_lost_are_named(settings, platform):
    without_a_row(fact_file(settings))
    [(where, what)] = findings(settings)

    assert (where, what) in [
        ("2026-01-01-00:00", "4 raw rows, 3 in fct_streams"),
        ("2026-01-01-02:00", "3 raw rows, 2 in fct_streams"),
    ]


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        pytest.param(removed, "is gone", id="removed"),
        pytest.param(cut_short, "cannot be read", id="cut short"),
    ],
)
def test_a_file_of_a_published_fact_that_cannot_be_read_is_named(settings, platform, harm, what):
    path = fact_file(settings)
    harm(path)
    first, *others = findings(settings)

    assert first[0] == "2026-01-01"
    assert f"{path.relative_to(settings.snapshot)} of the snapshot {what}" in first[1]
    assert first[1].endswith("7 rows were published")
    assert others == [
        ("2026-01-01-00:00", "4 raw rows, 0 in fct_streams"),
        ("2026-01-01-02:00", "3 raw rows, 0 in fct_streams"),
    ]


def test_accounts_that_cannot_be_read_are_one_clear_error(settings, platform):
    [file] = current(settings.snapshot).tables["reconciliation.raw_hours"].files
    (settings.snapshot / file.path).unlink()

    with pytest.raises(LakeError, match="remove its folder"):
        reconcile(settings)


def assert_not_proven(settings):
    found = reconcile(settings)

    assert not found.holds
    assert found.findings == ()
    assert found.not_recounted
    assert found.totals["listen_events"].raw == 7


def test_while_a_run_writes_nothing_is_called_proven(settings, platform):
    lock = WriterLock(settings.warehouse)
    lock.acquire()
    assert_not_proven(settings)
    lock.release()

    assert reconcile(settings).holds


def test_while_another_process_has_the_warehouse_nothing_is_called_proven(settings, platform):
    program = (
        f"import duckdb; c = duckdb.connect({str(settings.warehouse)!r}); "
        "print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        assert_not_proven(settings)
        other.communicate(b"\n")

    assert reconcile(settings).holds


def test_a_reconciliation_leaves_the_warehouse_free(settings, platform):
    reconcile(settings)
    with duckdb.connect(settings.warehouse) as connection:
        assert connection.sql("select count(*) from raw.listen_events").fetchall() == [(7,)]
    lock = WriterLock(settings.warehouse)
    lock.acquire()
    lock.release()


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        pytest.param(
            "update reconciliation.raw_hours set raw_rows = 3 where accepted = 4",
            "4 rows landed, 3 are accounted for",
            id="a row lost",
        ),
        pytest.param(
            "update reconciliation.raw_hours set accepted = 5, raw_rows = 5 where accepted = 4",
            "4 rows landed, 5 by the account of the load",
            id="a row too many",
        ),
    ],
)
def test_an_account_that_does_not_add_up_is_named(settings, lake, statement, what):
    lake.land("listen_events", hour_of_listens(0, 4))
    with built(settings) as connection:
        connection.execute(statement)

    assert ("2026-01-01-00:00", what) in findings(settings)


@pytest.mark.parametrize(
    ("offset", "what"),
    [
        pytest.param(5, "starts at offset 5, the batch before ended at 4", id="a gap"),
        pytest.param(3, "starts at offset 3, the batch before ended at 4", id="an overlap"),
    ],
)
def test_offsets_that_do_not_continue_are_named(settings, lake, offset, what):
    lake.land("listen_events", hour_of_listens(0, 4))
    lake.offsets["listen_events"] = offset
    lake.land("listen_events", hour_of_listens(1, 1))
    with built(settings):
        pass

    assert findings(settings) == [("manifest 2", f"partition 0: {what}")]
