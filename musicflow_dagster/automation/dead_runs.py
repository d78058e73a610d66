"""Runs that say that they are under way and are not: their process was killed, with Dagster's own.

Dagster would believe them until `max_runtime_seconds`, and keep the warehouse's pool for them. Who
builds holds the lock on the warehouse from its first step to its last, and the system takes it from
the dead: where nobody holds it, whoever claims to build for long is dead.
"""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse import WriterLock

CERTAIN_AFTER = timedelta(minutes=5)
"""A run has begun to build by then."""
MESSAGE = "its process is gone: nobody holds the warehouse. What it had committed stands."


def bury_dead_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Mark such runs as failed, so that others can begin; their ids."""
    long_ago = datetime.now(UTC) - CERTAIN_AFTER
    claiming = dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES), updated_before=long_ago)
    runs = [run for run in instance.get_runs(claiming) if _builds(run)]
    if not runs or WriterLock(settings.warehouse).is_held():
        return []
    for run in runs:
        instance.report_run_failed(run, MESSAGE)
    return [run.run_id for run in runs]


def _builds(run: dg.DagsterRun) -> bool:
    """Whether it writes to the warehouse; runs of checks alone don't."""
    return run.job_name == HOURLY or bool(run.asset_selection)
