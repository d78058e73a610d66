"""Runs that say that they are under way and are not: their process was killed.

Dagster would believe them until `max_runtime_seconds`, or for ever, and keep the warehouse's pool
for them. There are two kinds, and the system takes the locks of both from the dead:

- A run that a command carries out names its process, which holds a lock for as long as it lives.
- A run of Dagster's own processes holds the lock on the warehouse from its first step to its last.
  Where nobody holds it, whoever claims to build for long is dead, and so is Dagster's monitoring.

Locks are seen on their own machine alone. Of runs elsewhere (a command with another DAGSTER_HOME on
the same storage, pods) nothing is concluded: Dagster's own monitoring ends those.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.launcher import DefaultRunLauncher
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from contracts.keys import kept_key
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.lock import WriterLock

PROCESS_TAG = "musicflow/process"
"""On a run: the id of the DAGSTER_HOME that carries it out, and the process, a file there."""
CERTAIN_AFTER = timedelta(minutes=5)
"""A run has begun to build by then."""
MESSAGE = "Its process is gone. What it had committed stands; its hours can be asked for again."


@contextmanager
def living_process(dagster_home: Path) -> Iterator[str]:
    """A name for this process, which counts as alive to the end of the block or of itself."""
    file = _folder(dagster_home) / uuid.uuid4().hex
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield f"{_home_id(dagster_home)}/{file.name}"
        finally:
            file.unlink(missing_ok=True)


def end_lost_runs(instance: dg.DagsterInstance, settings: Settings) -> list[str]:
    """Mark the runs as failed whose process is gone, so that others can begin; their ids."""
    lost = [*_lost_by_commands(instance, settings), *_lost_by_dagster(instance, settings)]
    for run in lost:
        instance.report_run_failed(run, MESSAGE)
    return [run.run_id for run in lost]


def _lost_by_commands(instance: dg.DagsterInstance, settings: Settings) -> Iterator[dg.DagsterRun]:
    for run in instance.get_runs(dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES))):
        process = run.tags.get(PROCESS_TAG)
        if process and not _is_alive(settings.dagster_home, process):
            yield run


def _lost_by_dagster(instance: dg.DagsterInstance, settings: Settings) -> list[dg.DagsterRun]:
    if not _starts_runs_here(instance):
        return []
    long_ago = datetime.now(UTC) - CERTAIN_AFTER
    claiming = dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES), updated_before=long_ago)
    runs = [run for run in instance.get_runs(claiming) if _builds(run)]
    return [] if not runs or WriterLock(settings.warehouse).is_held() else runs


def _builds(run: dg.DagsterRun) -> bool:
    """Whether it writes to the warehouse, for Dagster; runs of checks alone don't."""
    builds = run.job_name == HOURLY or bool(run.asset_selection)
    return builds and PROCESS_TAG not in run.tags


def _starts_runs_here(instance: dg.DagsterInstance) -> bool:
    """Whether Dagster's runs are processes of this machine."""
    if instance.is_ephemeral:
        return True
    reference = instance.get_ref()
    launcher = reference.run_launcher_data
    # Dagster+ has a class of its own for instances; its agents start pods.
    is_own = reference.custom_instance_class_data is None
    return is_own and launcher is not None and launcher.class_name == DefaultRunLauncher.__name__


def _is_alive(dagster_home: Path, process: str) -> bool:
    """Whether the process holds its lock, or may; the file of one that was killed is removed."""
    home, _, name = process.rpartition("/")
    if home != _home_id(dagster_home):
        return True
    file = _folder(dagster_home) / name
    try:
        with file.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    file.unlink(missing_ok=True)
    return False


def _home_id(dagster_home: Path) -> str:
    """What this folder is known by to those who share its storage; made at first use."""
    return kept_key(dagster_home / "home_id")


def _folder(dagster_home: Path) -> Path:
    return dagster_home / "processes"
