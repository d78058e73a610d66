"""Dagster's instance as it is in production, on a real PostgreSQL, with its own daemon."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import msgspec
import pytest
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

from musicflow_dagster.automation.sensors import Cursor
from musicflow_dagster.settings import REPOSITORY
from tests.builders import FIRST_HOUR, hour_of_listens

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_200)]

PATIENCE = 300
"""Seconds that something may take which takes ten on an idle machine."""
DAEMON = Path(sys.executable).with_name("dagster-daemon")
STREAMS = dg.AssetKey(["marts", "fct_streams"])


@pytest.fixture
def production(settings, lake, postgres, dbt_target, monkeypatch):
    """The environment of a platform in production, with one complete hour in its lake."""
    lake.land("listen_events", hour_of_listens(0, 5))
    lake.catch_up(FIRST_HOUR.replace(hour=1, minute=6))
    settings.dagster_home.mkdir(parents=True)
    shutil.copy(REPOSITORY / "deploy" / "dagster" / "dagster.yaml", settings.dagster_home)
    if (dbt_target / "manifest.json").exists():  # read by a test before
        shutil.copytree(dbt_target, settings.home / "dbt")
    address = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    monkeypatch.setenv("MUSICFLOW_DAGSTER_POSTGRES_URL", address)
    return os.environ | {
        "DAGSTER_HOME": str(settings.dagster_home),
        "MUSICFLOW_HOME": str(settings.home),
        "MUSICFLOW_DBT_PROJECT": str(settings.dbt_project),
        "MUSICFLOW_START": FIRST_HOUR.isoformat(),
    }


@contextmanager
def daemon(environment, log):
    """Dagster's daemon, and all that it starts."""
    command = [DAEMON, "run", "-w", "workspace.yaml"]
    with log.open("a") as out:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=out, stderr=out, start_new_session=True
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(look, log):
    """What `look` returns, once it is something."""
    deadline = time.monotonic() + PATIENCE
    while not (found := look()):
        assert time.monotonic() < deadline, log.read_text()[-5_000:]
        time.sleep(0.5)
    return found


def state_of(instance, sensor):
    """What Dagster remembers of a sensor, by its name."""
    states = instance.all_instigator_state()
    return next((each for each in states if each.instigator_name == sensor), None)


def last_tick(instance, sensor):
    state = state_of(instance, sensor)
    data = state and state.instigator_data
    return data.last_tick_timestamp if data and data.cursor else None


def finished_runs(instance):
    return instance.get_runs(dg.RunsFilter(job_name="hourly", statuses=list(ENDED)))


ENDED = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)


def test_the_daemon_builds_an_hour_once_and_knows_after_a_restart_what_it_has_seen(
    production, settings, tmp_path
):
    log = tmp_path / "daemon.log"
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        assert isinstance(instance.run_storage, PostgresRunStorage)
        assert isinstance(instance.event_log_storage, PostgresEventLogStorage)
        assert isinstance(instance.schedule_storage, PostgresScheduleStorage)
        with daemon(production, log):
            [run] = wait_for(lambda: finished_runs(instance), log)
        assert run.is_success, log.read_text()[-5_000:]
        assert instance.get_materialized_partitions(STREAMS) == {"2026-01-01-00:00"}
        ticked, seen = last_tick(instance, "new_batches"), observations(instance)
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as later:
        cursor = state_of(later, "new_batches").instigator_data.cursor
        assert msgspec.json.decode(cursor, type=Cursor).seqs["listen_events"] == 1
        with daemon(production, log):
            wait_for(lambda: last_tick(later, "new_batches") > ticked, log)

        assert observations(later) == seen == 1
        assert [each.run_id for each in finished_runs(later)] == [run.run_id]
    assert list(settings.dagster_home.rglob("*.db")) == []


def observations(instance):
    """How many batches of listens were reported."""
    records = instance.fetch_observations(dg.AssetKey(["lake", "listen_events"]), limit=100)
    return len(records.records)
