"""Dagster's files for deployments, each read by the parser that will read it."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.instance.config import PoolGranularity
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    ManagedGrpcPythonEnvCodeLocationOrigin,
)
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.scheduler.instigation import TickStatus
from dagster._core.workspace.load import location_origins_from_yaml_paths
from dagster_postgres import PostgresEventLogStorage, PostgresRunStorage, PostgresScheduleStorage

ROOT = Path(__file__).parents[2]


def origin(file):
    """The one code location that a workspace file names, as Dagster reads it."""
    [found] = location_origins_from_yaml_paths([str(ROOT / file)])
    return found


def test_one_machines_workspace_loads_our_module_in_a_process_of_dagsters_own():
    found = origin("workspace.yaml")

    assert isinstance(found, ManagedGrpcPythonEnvCodeLocationOrigin)
    assert found.location_name == "musicflow"
    assert found.loadable_target_origin.module_name == "musicflow_dagster.definitions"


def test_containers_find_the_code_location_behind_grpc_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_CODE_HOST", "code.example")
    monkeypatch.setenv("MUSICFLOW_CODE_PORT", "4000")

    found = origin("deploy/dagster/workspace.yaml")

    assert isinstance(found, GrpcServerCodeLocationOrigin)
    assert (found.host, found.port) == ("code.example", 4000)
    assert found.location_name == origin("workspace.yaml").location_name


@pytest.fixture
def production(tmp_path, postgres, monkeypatch):
    """An instance of production's file, on a real PostgreSQL."""
    shutil.copy(ROOT / "deploy/dagster/dagster.yaml", tmp_path)
    address = postgres.url.replace("postgresql://", "postgresql+psycopg2://")
    monkeypatch.setenv("MUSICFLOW_DAGSTER_POSTGRES_URL", address)
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        yield instance


@pytest.mark.integration
def test_what_production_remembers_stands_in_postgres(production):
    assert isinstance(production.run_storage, PostgresRunStorage)
    assert isinstance(production.event_log_storage, PostgresEventLogStorage)
    assert isinstance(production.schedule_storage, PostgresScheduleStorage)


@pytest.mark.integration
def test_productions_queue_lets_four_runs_in_and_one_to_the_warehouse(production):
    limits = production.get_concurrency_config()

    assert isinstance(production.run_coordinator, QueuedRunCoordinator)
    assert limits.run_queue_config.max_concurrent_runs == 4
    assert limits.pool_config.default_pool_limit == 1
    assert limits.pool_config.pool_granularity is PoolGranularity.RUN


@pytest.mark.integration
def test_production_watches_its_runs_and_tries_again_what_crashed(production):
    assert production.run_monitoring_enabled
    assert production.run_monitoring_start_timeout_seconds == 180
    assert production.run_monitoring_cancel_timeout_seconds == 180
    assert production.run_monitoring_max_runtime_seconds == 6 * 3600
    assert production.run_retries_enabled
    assert production.run_retries_max_retries == 1


@pytest.mark.integration
def test_production_forgets_old_ticks(production):
    sensors = production.get_tick_retention_settings(InstigatorType.SENSOR)
    schedules = production.get_tick_retention_settings(InstigatorType.SCHEDULE)

    assert sensors == {
        TickStatus.SKIPPED: 1,
        TickStatus.STARTED: 30,
        TickStatus.SUCCESS: 30,
        TickStatus.FAILURE: 30,
    }
    assert set(schedules.values()) == {30}


def test_no_file_of_dagsters_holds_a_secret():
    for file in ("deploy/dagster/dagster.yaml", "dagster_cloud.yaml"):
        assert "password" not in yaml.safe_dump(yaml.safe_load((ROOT / file).read_text())).lower()
