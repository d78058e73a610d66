from contextlib import contextmanager
from pathlib import Path

import pytest

from contracts.events import EVENTS
from contracts.lake import HOUR
from musicflow_dagster.accounts import account_for
from musicflow_dagster.hours import HourRange
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.publishing import RECONCILIATION, Publisher
from musicflow_dagster.raw_load import load_hours
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse import open_warehouse, prepare
from tests.builders import FIRST_HOUR, hour_of_listens, listen

HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 3 * HOUR)


@contextmanager
def built(settings, *, lose: str = ""):
    """Build and publish the hours, a view standing in for dbt's fact."""
    index = manifest_index(settings)
    index.refresh()
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        connection.execute("create schema if not exists marts")
        connection.execute(
            "create or replace view marts.fct_streams as "
            f"select occurred_at as listened_at from raw.listen_events {lose}"
        )
        for event in EVENTS:
            load_hours(connection, index, event, HOURS)
        account_for(connection, HOURS)
        yield connection
        Publisher(connection, settings.snapshot).publish(RECONCILIATION, HOURS)


def found(settings, hours=None):
    index = manifest_index(settings)
    index.refresh()
    return reconcile(index, Path(settings.snapshot), hours)


def test_every_event_is_accounted_for(settings, lake):
    lake.land("listen_events", [*hour_of_listens(0, 4), listen(0, 0)], rejected={"oversized": 2})
    lake.land("listen_events", hour_of_listens(2, 3), kind="files")
    with built(settings):
        pass
    result = found(settings)
    totals = result.totals["listen_events"]

    assert result.findings == ()
    assert (totals.offsets, totals.accepted, totals.rejected) == (7, 8, 2)
    assert (totals.landed_rows, totals.raw_rows, totals.duplicates) == (8, 7, 1)
    assert result.facts == {"fct_streams": 7}


def test_rows_that_wait_to_be_built_are_named(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 4))
    with built(settings):
        pass
    lake.land("listen_events", [listen(1, 0)])
    [finding] = found(settings).findings

    assert (finding.where, finding.what) == ("2026-01-01-01:00", "1 landed rows are not built yet")
    assert found(settings, HourRange(FIRST_HOUR, FIRST_HOUR + HOUR)).holds


def test_a_lake_of_which_nothing_was_built_does_not_reconcile(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 4))

    assert not found(settings).holds


def test_an_empty_lake_reconciles(settings, lake):
    assert found(settings).holds


def test_rows_that_a_fact_lost_are_named(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 4))
    with built(settings, lose="where event_id <> 'listen-0-1'"):
        pass
    whats = [finding.what for finding in found(settings).findings]

    assert whats == ["4 landed rows are not built yet", "4 raw rows, 3 in fct_streams"]


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
            "4 rows landed, the account has other numbers",
            id="a row too many",
        ),
    ],
)
def test_an_account_that_does_not_add_up_is_named(settings, lake, statement, what):
    lake.land("listen_events", hour_of_listens(0, 4))
    with built(settings) as connection:
        connection.execute(statement)

    assert what in [finding.what for finding in found(settings).findings]


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

    assert [finding.what for finding in found(settings).findings] == [f"partition 0: {what}"]
