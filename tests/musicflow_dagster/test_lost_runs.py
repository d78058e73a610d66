"""Runs whose process is gone give way to others; those that live are left alone."""

import subprocess
import sys
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.launcher import DefaultRunLauncher
from dagster._serdes import ConfigurableClassData

from musicflow_dagster.automation import lost_runs
from musicflow_dagster.automation.lost_runs import (
    MESSAGE,
    PROCESS_TAG,
    end_lost_runs,
    living_process,
)
from musicflow_dagster.warehouse.lock import WriterLock

STARTED = dg.DagsterRunStatus.STARTED

HOLD = """
import sys
from pathlib import Path
from musicflow_dagster.automation.lost_runs import living_process
with living_process(Path(sys.argv[1])) as name:
    print(name, flush=True)
    input()
"""


def a_run(instance, tags):
    @dg.op
    def nothing():
        pass

    @dg.job
    def job():
        nothing()

    run = instance.create_run_for_job(job, tags=tags)
    instance.report_dagster_event(
        dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, job_name="job"), run.run_id
    )
    return run.run_id


def status(instance, run_id):
    return instance.get_run_by_id(run_id).status


def test_a_run_ends_when_its_process_was_killed_and_not_before(instance, settings):
    home = settings.dagster_home
    command = [sys.executable, "-c", HOLD, str(home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        run_id = a_run(instance, {PROCESS_TAG: it.stdout.readline().strip()})
        assert end_lost_runs(instance, settings) == []
        assert status(instance, run_id) is STARTED
        it.kill()
        it.wait()

    assert end_lost_runs(instance, settings) == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    [failure] = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert failure.dagster_event.message == MESSAGE
    assert end_lost_runs(instance, settings) == []


def test_runs_of_the_daemon_and_of_this_process_are_left_alone(instance, settings):
    with living_process(settings.dagster_home) as name:
        own, other = a_run(instance, {PROCESS_TAG: name}), a_run(instance, {})
        assert end_lost_runs(instance, settings) == []

    assert status(instance, own) is STARTED
    assert status(instance, other) is STARTED
    assert list((settings.dagster_home / "processes").iterdir()) == []


def test_a_command_with_another_home_on_the_same_storage_is_left_alone(
    instance, settings, tmp_path
):
    with living_process(tmp_path / "another home") as name:
        run_id = a_run(instance, {PROCESS_TAG: name})

        assert end_lost_runs(instance, settings) == []

    assert end_lost_runs(instance, settings) == []
    assert status(instance, run_id) is STARTED


@pytest.fixture
def long_ago(monkeypatch):
    """Every run began long ago."""
    monkeypatch.setattr(lost_runs, "CERTAIN_AFTER", timedelta(hours=-1))


def begun(instance, **facts):
    run = dg.DagsterRun(**{"job_name": "hourly", "status": STARTED} | facts)
    instance.add_run(run)
    return run.run_id


def test_a_run_that_builds_for_long_without_the_warehouse_is_dead(settings, instance, long_ago):
    selected = frozenset({dg.AssetKey(["raw", "listen_events"])})
    ours = begun(instance)
    of_the_ui = begun(instance, job_name="__ASSET_JOB", asset_selection=selected)

    assert set(end_lost_runs(instance, settings)) == {ours, of_the_ui}
    assert instance.get_run_by_id(ours).status is dg.DagsterRunStatus.FAILURE
    assert end_lost_runs(instance, settings) == []


def test_while_somebody_holds_the_warehouse_nobody_is_declared_dead(settings, instance, long_ago):
    run_id = begun(instance)
    lock = WriterLock(settings.warehouse)
    lock.acquire()

    assert end_lost_runs(instance, settings) == []
    assert instance.get_run_by_id(run_id).status is STARTED
    lock.release()


def test_a_run_that_has_just_begun_is_left_alone(settings, instance):
    begun(instance)

    assert end_lost_runs(instance, settings) == []


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

    assert end_lost_runs(instance, settings) == []


class PodLauncher(DefaultRunLauncher):
    """Starts pods."""


def test_runs_that_another_launcher_starts_elsewhere_are_left_alone(settings, long_ago):
    launcher = {"module": __name__, "class": "PodLauncher"}
    with dg.instance_for_test(overrides={"run_launcher": launcher}) as instance:
        begun(instance)

        assert end_lost_runs(instance, settings) == []


def test_runs_of_dagster_plus_are_left_alone(settings, instance, long_ago, monkeypatch):
    begun(instance)
    agent = ConfigurableClassData("dagster_cloud.instance", "DagsterCloudAgentInstance", "{}")
    reference = instance.get_ref()._replace(custom_instance_class_data=agent)
    monkeypatch.setattr(instance, "get_ref", lambda: reference)

    assert end_lost_runs(instance, settings) == []
