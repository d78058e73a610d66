"""Runs that a command carries out itself, and whether its process is still alive.

Dagster's daemon looks after the runs that it starts. A run of `musicflow build` has nobody: killed,
it would say for ever that it is under way. So each run names its process, which holds a lock for
as long as it lives; who comes next ends the runs whose process is gone.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import IN_PROGRESS_RUN_STATUSES

from contracts.logs import log

PROCESS_TAG = "musicflow/process"
"""On a run: the name of the process that carries it out, a file in `processes`."""
ENDED = "The process that carried out this run was killed. Ask for the same hours again."


@contextmanager
def living_process(dagster_home: Path) -> Iterator[str]:
    """A name for this process, which counts as alive to the end of the block or of itself."""
    file = _folder(dagster_home) / uuid.uuid4().hex
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield file.name
        finally:
            file.unlink(missing_ok=True)


def end_lost_runs(instance: dg.DagsterInstance, dagster_home: Path) -> list[str]:
    """Mark the runs as failed whose process is gone; their ids."""
    unfinished = instance.get_runs(dg.RunsFilter(statuses=list(IN_PROGRESS_RUN_STATUSES)))
    lost = [
        run
        for run in unfinished
        if PROCESS_TAG in run.tags and not _is_alive(dagster_home, run.tags[PROCESS_TAG])
    ]
    for run in lost:
        instance.report_run_failed(run, ENDED)
        log.warning("a run whose process was killed counts as failed now", run=run.run_id)
    return [run.run_id for run in lost]


def _is_alive(dagster_home: Path, process: str) -> bool:
    """Whether the process holds its lock; the file of one that was killed is removed."""
    file = _folder(dagster_home) / process
    try:
        with file.open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    file.unlink(missing_ok=True)
    return False


def _folder(dagster_home: Path) -> Path:
    return dagster_home / "processes"
