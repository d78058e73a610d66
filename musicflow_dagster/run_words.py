"""What is told of a run in words: its hours, and why it failed.

Told are the steps that failed and the words that our own errors were given; other errors may quote
values, of them only the type is.
"""

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from musicflow_dagster.long_tags import read_tag
from musicflow_dagster.partitions import HOURS_TAG

LONGEST_TOLD = 200
"""Characters of the hours of a run."""
_STEP_FAILED = dg.DagsterEventType.STEP_FAILURE


def hours_of_run(run: dg.DagsterRun) -> str:
    """The hours that a run builds; empty if it builds none."""
    if hours := read_tag(run.tags, HOURS_TAG):
        return hours if len(hours) <= LONGEST_TOLD else f"{hours[:LONGEST_TOLD]} ..."
    first = run.tags.get(ASSET_PARTITION_RANGE_START_TAG) or run.tags.get(PARTITION_NAME_TAG)
    last = run.tags.get(ASSET_PARTITION_RANGE_END_TAG, first)
    if first is None:
        return ""
    return first if first == last else f"{first} to {last}"


def why_failed(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """Each step of the run that failed, and why."""
    steps = [_step(entry) for entry in instance.all_logs(run.run_id, _STEP_FAILED)]
    return "; ".join(steps) or "it ended before or outside its steps"


def _step(entry: dg.EventLogEntry) -> str:
    event = entry.get_dagster_event()
    failure = event.step_failure_data
    if failure.user_failure_data and failure.user_failure_data.description:
        return f"{event.step_key}: {failure.user_failure_data.description}"
    error = failure.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key}: {error.cls_name if error else 'it was ended'}"
