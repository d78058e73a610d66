"""The code location: the only module that knows all others."""

import warnings

import dagster as dg

from musicflow_dagster.assets.catalogue import songs_asset
from musicflow_dagster.assets.exposures import exposure_assets
from musicflow_dagster.assets.freshness_check import freshness_checks
from musicflow_dagster.assets.lake import lake_assets
from musicflow_dagster.assets.models import model_assets, secret_asset
from musicflow_dagster.assets.offsets_check import offsets_checks
from musicflow_dagster.assets.presentation import presented
from musicflow_dagster.assets.published import snapshot_asset
from musicflow_dagster.assets.raw import raw_assets
from musicflow_dagster.assets.reconciled import reconciled_asset
from musicflow_dagster.assets.rejects_check import rejects_checks
from musicflow_dagster.automation.alerts import alert_sensor
from musicflow_dagster.automation.batch_files import batch_job, spark_resource
from musicflow_dagster.automation.catalogue import catalogue_job, catalogue_sensor
from musicflow_dagster.automation.dataproc import dataproc
from musicflow_dagster.automation.freshness import freshness_sensor
from musicflow_dagster.automation.inbox import inbox_sensor
from musicflow_dagster.automation.jobs import hourly_job
from musicflow_dagster.automation.lake_jobs import expiry_job, expiry_schedule, replay_job
from musicflow_dagster.automation.readers import readers_sensor
from musicflow_dagster.automation.schedules import sweeper
from musicflow_dagster.automation.sensors import manifest_sensor
from musicflow_dagster.automation.stream_health import stream_checks, stream_sensor
from musicflow_dagster.dbt_models import prepared_project, published_models, read_manifest
from musicflow_dagster.dbt_resource import dbt_resource
from musicflow_dagster.partitions import hourly_partitions
from musicflow_dagster.resources import lake_resource, warehouse_resource
from musicflow_dagster.settings import Settings, read_settings


def build_definitions(settings: Settings) -> dg.Definitions:
    """Everything Dagster runs, for `settings`; reads the dbt project, nothing else."""
    with warnings.catch_warnings():
        # Single-run backfills are called beta; what we rely on of them is tested.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return _assembled(settings)


def _assembled(settings: Settings) -> dg.Definitions:
    hours = hourly_partitions(settings.start)
    on_dataproc = dataproc(settings)
    project = prepared_project(settings)
    manifest = read_manifest(project)
    published = list(published_models(manifest, settings.dataset_prefix))
    return dg.Definitions(
        assets=presented(
            [
                *lake_assets(hours),
                *raw_assets(settings, hours),
                secret_asset(),
                model_assets(project, settings, hours),
                reconciled_asset(hours),
                snapshot_asset(published, hours),
                *exposure_assets(manifest),
                songs_asset(settings),
            ],
            settings,
        ),
        jobs=[
            hourly_job(),
            catalogue_job(),
            replay_job(settings),
            batch_job(settings),
            expiry_job(settings),
            *on_dataproc.jobs,
        ],
        schedules=[sweeper(settings), expiry_schedule(settings)],
        sensors=[
            manifest_sensor(settings),
            stream_sensor(settings),
            freshness_sensor(settings),
            alert_sensor(settings),
            catalogue_sensor(settings),
            inbox_sensor(settings),
            readers_sensor(settings),
        ],
        asset_checks=[
            *stream_checks(settings),
            *freshness_checks(settings),
            *offsets_checks(settings),
            *rejects_checks(settings, hours),
        ],
        executor=dg.in_process_executor,
        resources={
            "lake": lake_resource(settings),
            "warehouse": warehouse_resource(settings),
            "dbt": dbt_resource(project),
            "pyspark": spark_resource(settings),
            **on_dataproc.resources,
        },
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """What `workspace.yaml` loads."""
    return build_definitions(read_settings())
