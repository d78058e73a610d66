"""Files beside Kafka: raw holds each event once, the equations of every hop hold."""

import csv
import gzip
import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts.events import EVENTS, EVENTS_BY_NAME, lake_fields
from contracts.lake import HOUR
from contracts.store import FolderStore
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from streaming.batch.landing import Destination, FileLanding
from streaming.batch.source import Reading, source_of
from streaming.limits import Limits
from tests.builders import FIRST_HOUR
from tests.musicflow_dagster.facts import TABLES, stand_in
from tests.streaming.batch.landing import as_csv
from tests.streaming.messages import listen
from tests.streaming.rejecting import RejectingLake

HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 72 * HOUR)
LIMITS = Limits(262_144, FIRST_HOUR, timedelta(minutes=5))
LANDED = ("kafka_topic", "kafka_partition", "kafka_offset", "landed_at")


def land(settings, path):
    destination = Destination(settings.lake, LIMITS, 2**28)
    return FileLanding(destination, source_of(path, Reading())).land()


def build(settings, events=EVENTS):
    index = manifest_index(settings)
    index.refresh()
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        stand_in(connection)
        for event in events:
            load_hours(DuckDBWarehouse(connection), index, event, HOURS)
        account_for(connection, HOURS)
        Publisher(connection, settings.snapshot).publish(TABLES, HOURS)


def raw(settings, event) -> list[tuple]:
    names = [each.name for each in lake_fields(event) if each.name not in LANDED]
    with open_warehouse(settings.warehouse) as connection:
        return connection.sql(
            f"select {', '.join(names)} from raw.{event.name} order by all"
        ).fetchall()


def test_files_and_kafka_reconcile_and_each_event_stands_once(settings, lake, tmp_path):
    lake.catch_up(HOURS.end + 2 * HOUR)
    messages = [listen(each) for each in range(6)]
    RejectingLake(FolderStore(lake.root)).land(*messages[:4], messages[0], b"not json")
    rows = [json.loads(each) for each in messages[2:]]
    path = tmp_path / "listen_events.csv"
    path.write_bytes(as_csv([*rows, rows[0]]) + b"x\n")
    land(settings, path)
    build(settings)
    first = reconcile(settings)
    land(settings, path)
    copy = tmp_path / "listen_events-copy.csv"
    copy.write_bytes(path.read_bytes())
    land(settings, copy)
    again = reconcile(settings)
    totals = first.totals["listen_events"]

    assert first.findings == ()
    assert first.holds
    assert again.holds
    assert again.totals == first.totals
    assert (totals.accepted, totals.rejected) == (5 + 5, 2)
    assert (totals.landed, totals.raw, totals.duplicates) == (10, 6, 4)
    assert totals.conflicting_duplicates == 0
    with open_warehouse(settings.warehouse) as connection:
        kept = connection.execute(
            "select distinct kafka_topic, item_in_session from raw.listen_events order by 2"
        ).fetchall()
    assert kept == [("listen_events", each) for each in range(4)] + [
        ("listen_events.csv", each) for each in (4, 5)
    ]  # fmt: skip


@pytest.mark.shared
@pytest.mark.integration
def test_the_classics_files_and_csv_made_of_them_give_the_same_raw_tables(
    settings, tmp_path, shared_data
):
    other = settings.model_copy(
        update={"lake": str(tmp_path / "other"), "warehouse": tmp_path / "other.duckdb",
                "snapshot": tmp_path / "other-snapshot", "home": tmp_path / "other-home"}
    )  # fmt: skip
    counts = {}
    for path in sorted((shared_data / "eventsim" / "classic-output").glob("*.json.gz")):
        name = path.name.partition(".")[0]
        with gzip.open(path) as file:
            rows = [json.loads(line) for line in file]
        made = tmp_path / f"{name}.csv"
        made.write_bytes(as_csv(rows, quoting=csv.QUOTE_MINIMAL))
        counts[name] = land(settings, path).accepted, land(other, made).accepted
    events = [EVENTS_BY_NAME[name] for name in counts]
    for each in (settings, other):
        build(each, events)

    assert counts["listen_events"] == (30_012, 30_012)
    assert sum(len(raw(settings, event)) for event in events) > 60_000
    for event in events:
        assert raw(other, event) == raw(settings, event)


def test_an_event_of_a_file_that_lies_ahead_is_rejected_by_the_time_of_landing(settings, tmp_path):
    ahead = (datetime.now(UTC) + timedelta(hours=3)).timestamp() * 1000
    path = tmp_path / "listen_events.json"
    path.write_bytes(listen(1, ts=int(ahead)) + b"\n")

    assert land(settings, path).rejected_by_reason == {"impossible_time": 1}
