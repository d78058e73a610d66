"""The main job on tiny lakes: through real runs of Dagster, dbt and DuckDB."""

import json
from datetime import timedelta

import dagster as dg
import duckdb
import pytest

from contracts.events import EVENTS, EVENTS_BY_NAME
from contracts.lake import HOUR, parse_hour_key
from contracts.publication import VIEWS, current
from musicflow_dagster.assets.hour_checks import ABOUT
from musicflow_dagster.automation.requests import current_plan, refusals
from musicflow_dagster.commands.running import QUIET_CONSOLE
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.hours import HourRange
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.reconciliation import reconcile
from tests.builders import FIRST_HOUR, hour_of_listens, listen, row

pytestmark = [
    pytest.mark.integration,
    # dagster-dbt 0.29 itself uses what dagster 1.13 calls deprecated.
    pytest.mark.filterwarnings("ignore:AssetExecutionContext.op is deprecated:DeprecationWarning"),
]

FIVE_HOURS = HourRange(FIRST_HOUR, FIRST_HOUR + 5 * HOUR)


def hours(first, end):
    return HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)


def land_five_hours(lake):
    for event in EVENTS:
        rows = [
            row(event, FIRST_HOUR + timedelta(hours=hour, minutes=minute), f"{event.name}-{hour}")
            for hour, minute in ((0, 1), (1, 2), (3, 4), (4, 5))
        ]
        lake.land(event.name, rows)
    lake.land("listen_events", [listen(0, 7), listen(0, 7), listen(4, 9)])
    lake.catch_up(FIVE_HOURS.end + timedelta(minutes=6))


class Platform:
    """The definitions of some settings, with an instance to run them on."""

    def __init__(self, settings, instance):
        self.settings, self.instance = settings, instance
        self.job = build_definitions(settings).resolve_job_def("hourly")

    def build(self, *ranges):
        return self.job.execute_in_process(
            instance=self.instance,
            tags=range_tags(*ranges),
            raise_on_error=False,
            run_config=QUIET_CONSOLE,
        )

    def plan(self):
        index = manifest_index(self.settings)
        index.refresh()
        return current_plan(self.instance, index, self.settings)

    def read(self, query):
        with duckdb.connect(self.settings.snapshot / VIEWS, read_only=True) as views:
            return views.sql(query).fetchall()


@pytest.fixture
def platform(settings):
    with dg.instance_for_test() as instance:
        yield Platform(settings, instance)


def verdicts(instance, event, name="loaded_and_reconciled"):
    """What the check of a raw table says of each hour."""
    check = dg.AssetCheckKey(dg.AssetKey(["raw", event]), name)
    records = instance.event_log_storage.get_asset_check_execution_history(check, limit=100)
    return {
        record.event.dagster_event.event_specific_data.partition: record.status.value
        for record in reversed(records)
        if record.event.dagster_event.event_type_value == "ASSET_CHECK_EVALUATION"
        and record.event.dagster_event.event_specific_data.partition
    }


def test_planned_hours_are_built_and_accounted_for_and_late_rows_reopen_theirs(platform, lake):
    land_five_hours(lake)
    [build] = platform.plan().builds
    result = platform.build(*build.ranges)

    assert build.ranges == (FIVE_HOURS,)
    assert result.success
    assert platform.plan().builds == ()
    assert reconcile(platform.settings).holds
    assert platform.read("select count(*) from marts.fct_streams") == [(6,)]
    assert list(verdicts(platform.instance, "listen_events").values()) == ["SUCCEEDED"] * 5
    for check in ABOUT:
        watched = verdicts(platform.instance, "listen_events", check)
        assert list(watched.values()) == ["SUCCEEDED"] * 5
    assert_each_hour_shows_its_rows(platform.instance)
    assert_columns_lead_back_to_raw(platform.instance)
    assert_late_rows_reopen_their_hour(platform, lake)


def assert_each_hour_shows_its_rows(instance):
    records = instance.fetch_materializations(dg.AssetKey(["raw", "listen_events"]), limit=50)
    rows = {
        record.partition_key: record.asset_materialization.metadata[
            "dagster/partition_row_count"
        ].value
        for record in records.records
    }
    assert rows == {
        "2026-01-01-00:00": 2,
        "2026-01-01-01:00": 1,
        "2026-01-01-02:00": 0,
        "2026-01-01-03:00": 1,
        "2026-01-01-04:00": 2,
    }


def assert_columns_lead_back_to_raw(instance):
    lineage = {
        name: lineage_of(instance, dg.AssetKey(key))
        for name, key in {
            "fact": ["marts", "fct_streams"],
            "staged": ["staging", "stg_eventsim__listen_events"],
        }.items()
    }
    [staged] = lineage["fact"]["listened_at"]
    [landed] = lineage["staged"][staged.column_name]

    assert (landed.asset_key.path, landed.column_name) == (["raw", "listen_events"], "occurred_at")


def lineage_of(instance, key):
    [newest] = instance.fetch_materializations(key, limit=1).records
    metadata = newest.asset_materialization.metadata
    return metadata["dagster/column_lineage"].value.deps_by_column


def assert_late_rows_reopen_their_hour(platform, lake):
    lake.land("listen_events", hour_of_listens(1, 3))
    [build] = platform.plan().builds
    assert platform.build(*build.ranges).success

    assert str(build) == "2026-01-01-01:00"
    assert build.reopened == 1
    assert platform.read("select count(*) from marts.fct_streams") == [(9,)]


def test_hours_backwards_and_overlapping_give_the_tables_of_one_range(
    platform, settings, lake, tmp_path
):
    land_five_hours(lake)
    for window in (hours(2, 5), hours(0, 3)):
        assert platform.build(window).success
    worked = contents(platform)
    clean_home = {
        "warehouse": tmp_path / "clean.duckdb",
        "snapshot": tmp_path / "clean-snapshot",
    }
    clean = Platform(settings.model_copy(update=clean_home), platform.instance)
    assert clean.build(FIVE_HOURS).success

    assert worked == contents(clean)


def contents(platform):
    """All rows of all published tables, but for the time of the load."""
    columns = {"reconciliation.raw_hours": "* exclude (loaded_at)"}
    return {
        name: platform.read(f"select {columns.get(name, '*')} from {name} order by all")
        for name in current(platform.settings.snapshot).tables
    }


def test_a_bad_hour_stays_as_it_was_while_the_others_of_its_range_are_published(platform, lake):
    land_five_hours(lake)
    lake.land("listen_events", [listen(2, 3)])
    bad = listen(3, 30, level="platinum-secret", kafka_offset=77)
    lake.land("listen_events", [bad])
    result = platform.build(hours(0, 5))
    [failed] = result.filter_events(lambda event: event.is_step_failure)
    plan = platform.plan()

    assert not result.success
    assert failed.step_key == "published__snapshot"
    assert "2026-01-01-03:00: raw.listen_events: 1 breaches" in (
        failed.step_failure_data.user_failure_data.description
    )
    assert hours_with_streams(platform) == [0, 1, 2, 4]
    assert verdicts(platform.instance, "listen_events")["2026-01-01-03:00"] == "FAILED"
    assert verdicts(platform.instance, "listen_events")["2026-01-01-04:00"] == "SUCCEEDED"
    for key in (["raw", "auth_events"], ["marts", "fct_streams"], ["published", "snapshot"]):
        assert recorded_hours(platform.instance, key) == [0, 1, 2, 4]
    assert_the_value_is_nowhere(platform.instance, result.run_id)
    assert (plan.builds, plan.held_back) == ((), (FIRST_HOUR + 3 * HOUR,))
    assert_the_bad_hour_follows_when_asked_for(platform)


def hours_with_streams(platform):
    """The hours of which the snapshot has streams, from the first."""
    rows = platform.read("select distinct hour(listened_at) from marts.fct_streams order by 1")
    return [hour for (hour,) in rows]


def recorded_hours(instance, key):
    """The hours that Dagster shows as built, from the first."""
    keys = instance.get_materialized_partitions(dg.AssetKey(key))
    return sorted(int((parse_hour_key(key) - FIRST_HOUR) / HOUR) for key in keys)


def assert_the_bad_hour_follows_when_asked_for(platform):
    """An hour of which nothing can be loaded stops its run where it is refused."""
    result = platform.build(hours(3, 4))
    failed = result.filter_events(lambda event: event.is_step_failure)

    assert {each.step_key.partition("__")[0] for each in failed} == {"raw"}
    assert hours_with_streams(platform) == [0, 1, 2, 4]


def test_an_hour_that_one_topic_refuses_changes_in_no_table_until_it_is_mended(platform, lake):
    land_five_hours(lake)
    assert platform.build(FIVE_HOURS).success
    before = contents(platform)
    late = row(EVENTS_BY_NAME["auth_events"], FIRST_HOUR + 2 * HOUR, "late")
    lake.land("auth_events", [late], claimed_rows=9)
    viewed = row(EVENTS_BY_NAME["page_view_events"], late["occurred_at"], "late")
    lake.land("page_view_events", [viewed])
    assert not platform.build(hours(0, 5)).success

    assert contents(platform) == before


def test_late_hours_that_are_far_apart_are_built_by_one_run(platform, lake):
    land_five_hours(lake)
    lake.catch_up(FIRST_HOUR + 21 * HOUR)
    lake.land("listen_events", hour_of_listens(20, 1))
    apart = (hours(0, 1), hours(20, 21))
    result = platform.build(*apart)

    assert result.success
    assert hours_with_streams(platform) == [0, 20]
    for key in (["raw", "auth_events"], ["marts", "fct_streams"], ["published", "snapshot"]):
        assert recorded_hours(platform.instance, key) == [0, 20]
    assert sorted(verdicts(platform.instance, "listen_events")) == [
        "2026-01-01-00:00",
        "2026-01-01-20:00",
    ]


def assert_the_value_is_nowhere(instance, run_id):
    logs = "".join(str(record) for record in instance.all_logs(run_id))
    assert "secret" not in logs
    assert "secret" not in json.dumps(refusals(instance))
    assert "'kafka_offset': 77" in logs


def test_nothing_of_a_listener_shows_in_what_is_published(platform, lake):
    secrets = {
        "first_name": "Zebulon", "last_name": "Quux", "user_id": 987_654_321,
        "zip": "99999-1", "latitude": 43.61234, "longitude": -116.20234,
        "user_agent": "SecretBrowser/1.0", "unknown_fields": '{"phone": "555-0100"}',
    }  # fmt: skip
    for name in ("listen_events", "page_view_events", "auth_events", "status_change_events"):
        event = EVENTS_BY_NAME[name]
        lake.land(name, [row(event, FIRST_HOUR + timedelta(minutes=3), name, **secrets)])
    assert platform.build(hours(0, 1)).success
    published = json.dumps(contents(platform), default=str)

    assert [value for value in secrets.values() if str(value) in published] == []
