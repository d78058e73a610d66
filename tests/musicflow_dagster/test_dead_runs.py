"""Runs whose process is gone give way to others; those that live are left alone."""

from datetime import timedelta

import dagster as dg
import pytest

from musicflow_dagster.automation import dead_runs
from musicflow_dagster.automation.dead_runs import bury_dead_runs
from musicflow_dagster.warehouse import WriterLock

STARTED = dg.DagsterRunStatus.STARTED


@pytest.fixture
def long_ago(monkeypatch):
    """Every run began long ago."""
    monkeypatch.setattr(dead_runs, "CERTAIN_AFTER", timedelta(hours=-1))


def begun(instance, **facts):
    run = dg.DagsterRun(**{"job_name": "hourly", "status": STARTED} | facts)
    instance.add_run(run)
    return run.run_id


def test_a_run_that_builds_for_long_without_the_warehouse_is_dead(settings, instance, long_ago):
    selected = frozenset({dg.AssetKey(["raw", "listen_events"])})
    ours = begun(instance)
    of_the_ui = begun(instance, job_name="__ASSET_JOB", asset_selection=selected)

    assert set(bury_dead_runs(instance, settings)) == {ours, of_the_ui}
    assert instance.get_run_by_id(ours).status is dg.DagsterRunStatus.FAILURE
    assert bury_dead_runs(instance, settings) == []


def test_while_somebody_holds_the_warehouse_nobody_is_declared_dead(settings, instance, long_ago):
    run_id = begun(instance)
    lock = WriterLock(settings.warehouse)
    lock.acquire()

    assert bury_dead_runs(instance, settings) == []
    assert instance.get_run_by_id(run_id).status is STARTED
    lock.release()


def test_a_run_that_has_just_begun_is_left_alone(settings, instance):
    begun(instance)

    assert bury_dead_runs(instance, settings) == []


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"job_name": "replay_rejects"}, id="a job that builds nothing"),
        pytest.param({"job_name": "__ASSET_JOB"}, id="checks that were asked for"),
        pytest.param({"status": dg.DagsterRunStatus.NOT_STARTED}, id="not begun"),
    ],
)
def test_runs_that_need_no_warehouse_are_left_alone(settings, instance, long_ago, facts):
    begun(instance, **facts)

    assert bury_dead_runs(instance, settings) == []
