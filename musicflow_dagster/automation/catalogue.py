"""Loads the catalogue of songs when its file changes."""

from typing import Any

import dagster as dg

from musicflow_dagster.assets.catalogue import SONGS
from musicflow_dagster.settings import Settings

JOB = "load_catalogue"
SECONDS_BETWEEN_TICKS = 300


def catalogue_job() -> Any:
    """The job that loads it."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.assets(SONGS),
        executor_def=dg.in_process_executor,
        description="Loads the songs of MUSICFLOW_SONGS into the warehouse.",
    )


def catalogue_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that asks for it; its cursor is the file's state, so that any change counts."""

    @dg.sensor(
        name="catalogue_file",
        job_name=JOB,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Loads the songs of MUSICFLOW_SONGS again when the file has changed.",
    )
    def catalogue_file(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if settings.songs is None:
            return dg.SkipReason("there is no catalogue: MUSICFLOW_SONGS is not set")
        if not settings.songs.is_file():
            return dg.SkipReason(f"MUSICFLOW_SONGS is no file: {settings.songs}")
        about = settings.songs.stat()
        state = f"{settings.songs}|{about.st_size}|{about.st_mtime_ns}"
        if state == context.cursor:
            return dg.SkipReason("the file has not changed")
        return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=state)

    return catalogue_file
