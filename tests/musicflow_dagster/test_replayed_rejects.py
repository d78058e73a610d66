"""Rejects that were replayed stand in raw once, and the equations of every hop hold."""

from dataclasses import replace

import pytest

from contracts.events import EVENTS, LISTEN_EVENTS
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
from streaming.limits import Limits
from tests.builders import FIRST_HOUR
from tests.musicflow_dagster.facts import TABLES, stand_in
from tests.streaming.judging import LIMITS
from tests.streaming.messages import listen
from tests.streaming.rejecting import RejectingLake

HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 12 * HOUR)


@pytest.fixture
def rejecting(settings, lake) -> RejectingLake:
    lake.catch_up(HOURS.end + 2 * HOUR)
    return RejectingLake(FolderStore(lake.root))


def up_to(max_event_bytes: int) -> Limits:
    """The limits under which longer messages are accepted."""
    return replace(LIMITS, max_event_bytes=max_event_bytes)


def build(settings) -> dict:
    """Load and publish the hours, views standing in for dbt's facts; the accounts of listens."""
    index = manifest_index(settings)
    index.refresh()
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        stand_in(connection)
        for event in EVENTS:
            load_hours(DuckDBWarehouse(connection), index, event, HOURS)
        account_for(connection, HOURS)
        Publisher(connection, settings.snapshot).publish(TABLES, HOURS)
    return index.hours(LISTEN_EVENTS.name, HOURS.start, HOURS.end)[0]


def test_replayed_rejects_reopen_their_hours_and_reconcile(settings, rejecting):
    messages = [listen(each, tag="x" * length) for each, length in enumerate([1, 20_000, 40_000])]
    rejecting.land(*messages, b"not json", messages[1])
    build(settings)
    assert reconcile(settings).holds

    rejecting.replay(LISTEN_EVENTS, limits=up_to(30_000))
    assert not reconcile(settings).holds
    rejecting.replay(LISTEN_EVENTS, limits=up_to(50_000))
    rejecting.replay(LISTEN_EVENTS, limits=up_to(30_000))
    (hour,) = build(settings).values()
    result = reconcile(settings)
    totals = result.totals["listen_events"]

    assert result.findings == ()
    assert result.holds
    assert (hour.stream, hour.replay) == (1, 3)
    assert (totals.rejected, totals.landed, totals.raw, totals.duplicates) == (4, 4, 3, 1)
