"""The code location as Dagster's own command sees it, and what its instance is set to."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster._config import validate_config
from dagster._core.instance.config import PoolGranularity, dagster_instance_config_schema

from musicflow_dagster.instance import opened_instance, prepare_home
from musicflow_dagster.settings import REPOSITORY

NOISE = ("SupersessionWarning", "return callback(*args, **kwargs)")
"""What Dagster's command says of itself."""


@pytest.mark.integration
def test_dagster_validates_the_workspace_without_a_word_of_warning(tmp_path):
    home = tmp_path / "dagster"
    prepare_home(home)
    dagster = Path(sys.executable).with_name("dagster")
    ran = subprocess.run(
        [dagster, "definitions", "validate", "-w", "workspace.yaml"],
        cwd=REPOSITORY,
        env=os.environ | {"DAGSTER_HOME": str(home), "MUSICFLOW_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    said = [
        line
        for line in (ran.stdout + ran.stderr).splitlines()
        if not any(noise in line for noise in NOISE)
    ]

    assert ran.returncode == 0
    assert "All code locations passed validation." in said[-1]
    assert [line for line in said if "warn" in line.lower() or "error" in line.lower()] == []


def test_the_instance_watches_its_runs_ends_them_in_time_and_tries_again_what_crashed(tmp_path):
    with opened_instance(tmp_path) as instance:
        assert instance.run_monitoring_enabled
        assert instance.run_monitoring_start_timeout_seconds == 180
        assert instance.run_monitoring_cancel_timeout_seconds == 180
        assert instance.run_monitoring_max_runtime_seconds == 6 * 3600
        assert instance.run_retries_enabled
        assert instance.run_retries_max_retries == 1
        assert not instance.run_retries_retry_on_asset_or_op_failure


def test_one_run_at_a_time_holds_the_pool_of_the_warehouse(tmp_path):
    with opened_instance(tmp_path) as instance:
        limits = instance.get_concurrency_config()

        assert limits.pool_config.default_pool_limit == 1
        assert limits.pool_config.pool_granularity is PoolGranularity.RUN


@pytest.mark.parametrize("place", ["musicflow_dagster", "deploy/dagster"])
def test_dagster_knows_every_word_of_the_instances(place):
    written = yaml.safe_load((REPOSITORY / place / "dagster.yaml").read_text())
    found = validate_config(dagster_instance_config_schema(), written)

    assert [error.message for error in found.errors or ()] == []


def test_in_production_only_the_storage_is_another():
    ours = yaml.safe_load((REPOSITORY / "musicflow_dagster" / "dagster.yaml").read_text())
    production = yaml.safe_load((REPOSITORY / "deploy" / "dagster" / "dagster.yaml").read_text())

    assert production.pop("storage") == {
        "postgres": {"postgres_url": {"env": "MUSICFLOW_DAGSTER_POSTGRES_URL"}}
    }
    ours.pop("event_log_storage")
    assert production == ours


def test_dagster_plus_loads_the_code_location_of_the_workspace():
    [local] = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    [cloud] = yaml.safe_load((REPOSITORY / "dagster_cloud.yaml").read_text())["locations"]

    assert cloud["location_name"] == local["python_module"]["location_name"]
    assert cloud["code_source"]["module_name"] == local["python_module"]["module_name"]


def test_every_variable_of_the_example_is_told_of_in_the_docs():
    example = (REPOSITORY / ".env.example").read_text()
    told = (REPOSITORY / "docs" / "settings.md").read_text()
    names = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)

    assert len(names) > 8
    assert [name for name in names if f"`{name}`" not in told] == []
