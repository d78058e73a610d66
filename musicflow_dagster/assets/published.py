"""The published snapshot: what dashboards and people read while the warehouse is written."""

import time
from collections.abc import Iterator, Sequence

import dagster as dg

from contracts.publication import VIEWS
from musicflow_dagster.assets.keys import FACTS_RECONCILED, OWNERS, SNAPSHOT
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.run_hours import (
    failure,
    hours_left,
    record_only,
    refused_hours,
)
from musicflow_dagster.resources import POOL, WarehouseResource
from musicflow_dagster.warehouse.published import RECONCILIATION, Published


def snapshot_asset(
    models: Sequence[tuple[dg.AssetKey, Published]],
    hours: dg.HourlyPartitionsDefinition,
) -> dg.AssetsDefinition:
    """The asset that publishes `models` and the reconciliation."""
    tables = [*(table for _, table in models), *RECONCILIATION]

    @dg.asset(
        key=SNAPSHOT,
        deps=[*(key for key, _ in models), FACTS_RECONCILED],
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Marts, reporting and reconciliation as Parquet behind an atomic pointer, "
        f"with `{VIEWS}`, a DuckDB database of views. Nothing personal.",
        group_name="published",
        kinds={"parquet", "duckdb"},
        owners=OWNERS,
        pool=POOL,
    )
    def publish(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> Iterator[dg.MaterializeResult]:
        began = time.monotonic()
        ranges = hours_left(context)
        with retried(context), warehouse.open() as opened:
            told = opened.publish(tables, *ranges)
        seconds = round(time.monotonic() - began, 3)
        record_only(context, ranges)
        yield dg.MaterializeResult(metadata={**told, "seconds": seconds})
        if refused := refused_hours(context):
            raise failure(refused, "all others of this run are published")

    return publish
