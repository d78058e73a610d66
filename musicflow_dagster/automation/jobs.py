"""What runs together: hours, from the raw tables to the published snapshot."""

from typing import Any

import dagster as dg

HOURLY = "hourly"
BUILDING_JOBS = (HOURLY, "__ASSET_JOB")
"""Jobs whose runs write to the warehouse: ours, and those that the UI makes of a selection."""


def hourly_job() -> Any:
    """The job that builds an hour or a range: raw tables, models, accounts, snapshot.

    In one process: with a process per step, start-up would cost more than the work.
    """
    layers = ("raw", "staging", "marts", "reporting", "reconciliation", "published")
    return dg.define_asset_job(
        HOURLY,
        selection=dg.AssetSelection.groups(*layers),
        executor_def=dg.in_process_executor,
        description="Builds hours from the lake to the published snapshot, all in one run.",
    )
