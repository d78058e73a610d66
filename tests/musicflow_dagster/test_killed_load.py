"""What real processes leave behind that are killed in a load, and readers beside a load."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from contracts.events import LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.publication import VIEWS
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.published import RECONCILIATION, Published
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens

pytestmark = pytest.mark.integration

TWO_HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 2 * HOUR)
LOAD = """
import sys, time
from datetime import datetime
from pathlib import Path
from contracts.events import LISTEN_EVENTS
from contracts.store import FolderStore
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster import judging
from musicflow_dagster.warehouse.duckdb import raw_load
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse

folder, stage = Path(sys.argv[1]), sys.argv[2]
done = getattr(raw_load.RawLoad, stage)

def and_wait(*arguments):
    done(*arguments)
    print("done", flush=True)
    time.sleep(600)

setattr(raw_load.RawLoad, stage, and_wait)
index = LakeIndex(folder / "index.sqlite", FolderStore(folder / "lake"))
index.refresh()
window = HourRange(*map(datetime.fromisoformat, sys.argv[3:]))
with open_warehouse(folder / "warehouse.duckdb") as connection:
    judging.load_hours(DuckDBWarehouse(connection), index, LISTEN_EVENTS, window)
"""
STREAMS = Published("marts", "fct_streams", "day", "listened_at")


class Bench:
    """A lake, and a warehouse that is open only while something is done."""

    def __init__(self, folder: Path):
        self.folder, self.snapshot = folder, folder / "snapshot"
        self.lake = LakeBuilder(folder / "lake")
        self.index = LakeIndex(folder / "index.sqlite", self.lake.store)

    def load(self):
        self.index.refresh()
        with open_warehouse(self.folder / "warehouse.duckdb") as connection:
            prepare(connection)
            return load_hours(DuckDBWarehouse(connection), self.index, LISTEN_EVENTS, TWO_HOURS)

    def publish(self):
        with open_warehouse(self.folder / "warehouse.duckdb") as connection:
            connection.execute("create schema if not exists marts")
            connection.execute(
                "create or replace table marts.fct_streams as "
                "select event_id, occurred_at as listened_at from raw.listen_events"
            )
            Publisher(connection, self.snapshot).publish([STREAMS, *RECONCILIATION], TWO_HOURS)

    def tables(self):
        with open_warehouse(self.folder / "warehouse.duckdb") as connection:
            return [
                connection.execute(f"from {table} order by all").fetchall()
                for table in ("raw.listen_events", "reconciliation.raw_hours")
            ]


@pytest.fixture
def bench(tmp_path):
    bench = Bench(tmp_path)
    bench.lake.land("listen_events", hour_of_listens(0, 5) + hour_of_listens(1, 5))
    bench.load()
    return bench


@pytest.mark.parametrize("stage", ["_delete", "_insert", "_record"])
def test_a_load_killed_in_the_middle_leaves_the_tables_as_they_were(bench, stage):
    before = bench.tables()
    bench.lake.land("listen_events", hour_of_listens(0, 9))
    window = (TWO_HOURS.start.isoformat(), TWO_HOURS.end.isoformat())
    command = [sys.executable, "-c", LOAD, str(bench.folder), stage, *window]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        while load.stdout.readline().strip() != "done":
            assert load.poll() is None
        load.kill()

    assert bench.tables() == before
    assert bench.load().loaded[FIRST_HOUR].raw_rows == 9


READ = """
import duckdb, sys
shell = duckdb.connect(sys.argv[1])  # as people open it: not even read-only
count = "select count(*) from marts.fct_streams"
print(shell.sql(count).fetchall()[0][0], flush=True)
input()
print(shell.sql(count).fetchall()[0][0], flush=True)
"""


def test_a_reader_that_keeps_the_snapshot_open_neither_stops_a_load_nor_is_stopped_by_it(bench):
    bench.publish()
    command = [sys.executable, "-c", READ, str(bench.snapshot / VIEWS)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout.readline() == "10\n"
        bench.lake.land("listen_events", hour_of_listens(0, 9))
        assert not bench.load().refused
        bench.publish()
        seen_by_old, _ = reader.communicate("\n")
    with duckdb.connect(bench.snapshot / VIEWS) as anew:
        seen_by_new = anew.sql("select count(*) from marts.fct_streams").fetchall()

    assert seen_by_old == "10\n"
    assert seen_by_new == [(14,)]
