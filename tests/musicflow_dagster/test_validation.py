"""The code location as Dagster's own command sees it, and what its instance is set to."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from dagster._core.instance.config import PoolGranularity

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
