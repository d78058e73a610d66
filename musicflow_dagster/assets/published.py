"""The published snapshot: what dashboards and people read while the warehouse is written."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import dagster as dg

from musicflow_dagster.assets.keys import FACTS_RECONCILED, OWNERS, SNAPSHOT
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.run_hours import (
    failure,
    hours_left,
    record_only,
    refused_hours,
)
from musicflow_dagster.resources import POOL, WarehouseResource
from musicflow_dagster.warehouse.duckdb.publication import VIEWS
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.published import RECONCILIATION, Published


def snapshot_asset(
    models: Sequence[tuple[dg.AssetKey, Published]],
    snapshot: Path,
    hours: dg.HourlyPartitionsDefinition,
) -> dg.AssetsDefinition:
    """The asset that publishes `models` and the reconciliation to the folder `snapshot`."""
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
        with retried(context), warehouse.open() as connection:
            publication = Publisher(connection, snapshot).publish(tables, *ranges)
        seconds = round(time.monotonic() - began, 3)
        record_only(context, ranges)
        rows = {name: table.rows for name, table in sorted(publication.tables.items())}
        yield dg.MaterializeResult(
            metadata={
                "publish": publication.number,
                "tables": len(rows),
                "rows": dg.MetadataValue.json(rows),
                "bytes": sum((snapshot / path).stat().st_size for path in publication.paths()),
                "seconds": seconds,
                "open_with": dg.MetadataValue.text(f"duckdb {snapshot / VIEWS}"),
            }
        )
        if refused := refused_hours(context):
            raise failure(refused, "all others of this run are published")

    return publish
