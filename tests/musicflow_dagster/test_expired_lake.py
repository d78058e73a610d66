"""A lake of which something has expired, or was lost, is still added up, planned and reconciled."""

import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.store import FolderStore
from musicflow_dagster.batch_sums import batch_findings, batch_totals
from musicflow_dagster.commands.build import build as build_command
from musicflow_dagster.commands.reconcile import reconcile as reconcile_command
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.knowledge import gather, manifest_index, rules
from musicflow_dagster.load_report import EXPIRED
from musicflow_dagster.planner import plan
from musicflow_dagster.reconciliation import reconcile
from musicflow_dagster.warehouse.choice import publications_of
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR, hour_of_listens, listen
from tests.musicflow_dagster.facts import TABLES, stand_in

HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 4 * HOUR)
TOPIC = "listen_events"


def load_and_publish(settings, hours=HOURS):
    """Load and publish the hours, views standing in for dbt's facts; what was refused."""
    index = manifest_index(settings)
    index.refresh()
    with open_warehouse(settings.warehouse) as connection:
        prepare(connection)
        stand_in(connection)
        reports = {
            each.name: load_hours(DuckDBWarehouse(connection), index, each, hours)
            for each in EVENTS
        }
        account_for(connection, hours)
        Publisher(connection, settings.snapshot).publish(TABLES, hours)
    return reports[TOPIC].refused


@pytest.fixture
def platform(settings, lake):
    """Three batches, of which the second has rows of two hours; all built."""
    lake.land(TOPIC, hour_of_listens(0, 4))
    lake.land(TOPIC, [*hour_of_listens(1, 3), listen(0, 9)])
    lake.land(TOPIC, hour_of_listens(2, 2))
    lake.catch_up(HOURS.end + HOUR)
    load_and_publish(settings)
    assert reconcile(settings).holds
    return lake


def expire(lake, hours: int, names: tuple[str, ...] = (TOPIC,)) -> None:
    # The test's batches are committed a day after the first hour; their records stay till then.
    for name in names:
        expire_event(FolderStore(lake.root), name, FIRST_HOUR + hours * HOUR)


def landed(settings) -> tuple[dict, list, dict]:
    index = manifest_index(settings)
    index.refresh()
    return batch_totals(index), list(batch_findings(index)), index.fingerprints()


@pytest.mark.parametrize("hours", [1, 2, 30, 48])
def test_an_expired_lake_still_reconciles(settings, platform, hours):
    before = reconcile(settings).totals[TOPIC]

    expire(platform, hours)
    after = reconcile(settings)

    assert after.findings == ()
    assert after.holds
    assert after.totals[TOPIC] == before


@pytest.mark.parametrize("hours", [1, 2, 30, 48])
def test_an_index_made_again_knows_the_same_as_one_that_followed(settings, platform, hours):
    expire(platform, hours)
    followed = landed(settings)
    settings.index.unlink()

    assert landed(settings) == followed
    assert followed[1] == []


def test_the_chain_of_offsets_is_checked_across_what_has_expired(settings, platform):
    expire(platform, 48)
    assert manifest_index(settings).refresh()[TOPIC] == 3
    platform.offsets[TOPIC] += 5
    platform.land(TOPIC, hour_of_listens(3, 1))

    [finding] = landed(settings)[1]

    assert "starts at offset 15, the batch before ended at 10" in finding.what


@pytest.mark.parametrize("names", [(TOPIC,), tuple(each.name for each in EVENTS)])
def test_expired_hours_are_not_planned_again(settings, platform, names):
    expire(platform, 2, names)
    index = manifest_index(settings)
    index.refresh()
    known = gather(index, publications_of(settings))

    assert plan(known, rules(settings)).builds == ()
    settings.warehouse.unlink()
    lost = gather(index, publications_of(settings))
    assert [str(each) for each in plan(lost, rules(settings)).builds] == [
        "2026-01-01-02:00...2026-01-01-03:00"
    ]


def test_a_load_leaves_expired_hours_as_they_are(settings, platform):
    expire(platform, 1)

    refused = load_and_publish(settings)

    assert refused == {FIRST_HOUR: EXPIRED}
    assert reconcile(settings).totals[TOPIC].raw == 10


def test_rows_of_expired_hours_that_vanish_from_raw_are_found(settings, platform):
    expire(platform, 1)
    with open_warehouse(settings.warehouse) as connection:
        connection.execute(
            "delete from raw.listen_events where occurred_at < '2026-01-01 00:00:02'"
        )

    found = [each.what for each in reconcile(settings).findings]

    assert "5 rows were loaded into raw, 3 stand there" in found


@pytest.fixture
def environment(settings, monkeypatch):
    monkeypatch.setenv("MUSICFLOW_HOME", str(settings.home))
    monkeypatch.setenv("MUSICFLOW_START", "2026-01-01T00:00:00Z")


def test_building_expired_hours_is_refused_in_one_line(settings, platform, environment):
    expire(platform, 2)

    ran = CliRunner().invoke(build_command, ["--from", "2026-01-01T01", "--to", "2026-01-01T03"])

    assert isinstance(ran.exception, ConfigurationError)
    assert "hours before 2026-01-01-02:00 have expired from the lake" in str(ran.exception)


@pytest.mark.parametrize("hours", [0, 48], ids=["on record", "its manifest expired"])
def test_a_gap_is_shown_and_counted(settings, platform, environment, hours):
    platform.accept_gap(TOPIC, 6)
    platform.land(TOPIC, hour_of_listens(3, 1))
    platform.catch_up(HOURS.end + HOUR)
    load_and_publish(settings)
    if hours:
        expire(platform, hours)

    found = reconcile(settings)
    ran = CliRunner().invoke(reconcile_command, [])

    assert found.holds
    assert (found.totals[TOPIC].missing, found.totals[TOPIC].offsets) == (6, 17)
    assert ran.exit_code == 0, ran.output
    assert "partition 0: offsets 10 to 15 were deleted before they landed; accepted by Ada" in (
        ran.output
    )
    assert "reconciled: yes, but for 1 gaps that were accepted" in ran.output
