"""Runs whose process was killed, with real processes."""

import subprocess
import sys

import dagster as dg
import pytest

from musicflow_dagster.instance import opened_instance
from musicflow_dagster.living import ENDED, PROCESS_TAG, end_lost_runs, living_process

HOLD = """
import sys
from pathlib import Path
from musicflow_dagster.living import living_process
with living_process(Path(sys.argv[1])) as name:
    print(name, flush=True)
    input()
"""


@pytest.fixture
def instance(tmp_path):
    with opened_instance(tmp_path) as instance:
        yield instance


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


def test_a_run_ends_when_its_process_was_killed_and_not_before(instance, tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        run_id = a_run(instance, {PROCESS_TAG: it.stdout.readline().strip()})
        assert end_lost_runs(instance, tmp_path) == []
        assert status(instance, run_id) is dg.DagsterRunStatus.STARTED
        it.kill()
        it.wait()

    assert end_lost_runs(instance, tmp_path) == [run_id]
    assert status(instance, run_id) is dg.DagsterRunStatus.FAILURE
    [failure] = instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert failure.dagster_event.message == ENDED
    assert end_lost_runs(instance, tmp_path) == []


def test_runs_of_the_daemon_and_of_this_process_are_left_alone(instance, tmp_path):
    with living_process(tmp_path) as name:
        own, other = a_run(instance, {PROCESS_TAG: name}), a_run(instance, {})
        assert end_lost_runs(instance, tmp_path) == []

    assert status(instance, own) is dg.DagsterRunStatus.STARTED
    assert status(instance, other) is dg.DagsterRunStatus.STARTED
    assert list((tmp_path / "processes").iterdir()) == []
