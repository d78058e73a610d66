"""What tells that something is not fresh: landing that is down, and what was not built."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.definitions.freshness_evaluator import TimeWindowFreshnessPolicyEvaluator
from dagster._core.loader import LoadingContextForTest
from dagster._core.test_utils import freeze_time

from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.health import StreamHealth, write_health
from musicflow_dagster.assets.freshness_check import freshness_checks
from musicflow_dagster.assets.presentation import HOURLY
from musicflow_dagster.automation.freshness import freshness_sensor

NOW = datetime.now(UTC)
LATELY, LONG_AGO = NOW - timedelta(minutes=5), NOW - timedelta(hours=3)
STOPPED = StreamHealth(LISTEN_EVENTS.name, "stopped", NOW, NOW)


@pytest.fixture
def tick(settings, instance):
    def run(cursor=None):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return freshness_sensor(settings)(context)

    return run


def told(result):
    return {each.asset_key.path[1]: each.passed for each in result.asset_events}


def test_without_a_lake_it_says_so(tick):
    assert "there is no lake" in tick().skip_message


def test_before_landing_was_caught_up_nothing_is_told(tick, lake):
    result = tick()

    assert told(result) == {}
    assert "never caught up" in result.skip_reason.skip_message


def test_landing_that_is_up_is_fresh_however_silent_its_topics_are(tick, lake):
    lake.catch_up(LATELY)

    assert told(tick()) == {event.name: True for event in EVENTS}


def test_when_landing_is_down_the_check_says_that_hours_wait(tick, lake):
    lake.catch_up(LATELY)
    lake.catch_up(LONG_AGO, [LISTEN_EVENTS.name])
    result = tick()
    [down] = [each for each in result.asset_events if not each.passed]

    assert (down.asset_key.path, down.severity.name) == (["lake", "listen_events"], "ERROR")
    assert down.metadata["minutes_behind"].value >= 180
    assert "hours wait" in down.metadata["says"].value
    assert "hours wait for landing of listen_events" in result.skip_reason.skip_message


def test_it_is_a_warning_where_somebody_stopped_landing(tick, lake):
    lake.catch_up(LONG_AGO, [LISTEN_EVENTS.name])
    write_health(lake.store, STOPPED)
    [stopped] = tick().asset_events
    write_health(lake.store, replace(STOPPED, state="running"))
    [running] = tick().asset_events

    assert (stopped.severity.name, running.severity.name) == ("WARN", "ERROR")


def test_only_changes_are_told_also_after_a_restart(tick, lake):
    lake.catch_up(LONG_AGO)
    first = tick()
    again = tick(first.cursor)
    lake.catch_up(LATELY)
    back = tick(again.cursor)

    assert set(told(first).values()) == {False}
    assert told(again) == {}
    assert set(told(back).values()) == {True}


@pytest.mark.parametrize(("until", "passed"), [(LATELY, True), (LONG_AGO, False)])
def test_the_check_can_be_asked_at_any_time(settings, lake, instance, until, passed):
    lake.catch_up(until)
    [check, *_] = freshness_checks(settings)
    job = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()

    [evaluation] = job.execute_in_process(instance=instance).get_asset_check_evaluations()
    assert evaluation.passed is passed


@pytest.mark.parametrize(
    ("passed", "state"),
    [
        pytest.param(timedelta(minutes=90), FreshnessState.PASS, id="built lately"),
        pytest.param(timedelta(hours=3), FreshnessState.WARN, id="one build was missed"),
        pytest.param(timedelta(hours=5), FreshnessState.FAIL, id="three builds were missed"),
    ],
)
def test_dagster_itself_sees_what_was_not_built(instance, passed, state):
    asset = dg.AssetSpec("built", freshness_policy=HOURLY)
    [node] = dg.Definitions(assets=[asset]).resolve_asset_graph().asset_nodes
    instance.report_runless_asset_event(dg.AssetMaterialization("built"))
    context = LoadingContextForTest(instance)

    with freeze_time(datetime.now(UTC) + passed):
        found = asyncio.run(TimeWindowFreshnessPolicyEvaluator().evaluate_freshness(context, node))

    assert found is state
