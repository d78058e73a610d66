"""The published snapshot: what dashboards and people read while the warehouse is written."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg

from musicflow_dagster.assets.keys import FACTS_RECONCILED, OWNERS, SNAPSHOT
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.partitions import hours_of_run
from musicflow_dagster.publication import VIEWS
from musicflow_dagster.publishing import RECONCILIATION, Published, Publisher
from musicflow_dagster.resources import POOL, WarehouseResource


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
    ) -> dg.MaterializeResult:
        with retried(context), warehouse.open() as connection:
            publication = Publisher(connection, snapshot).publish(tables, hours_of_run(context))
        rows = {name: table.rows for name, table in sorted(publication.tables.items())}
        return dg.MaterializeResult(
            metadata={
                "publish": publication.number,
                "tables": len(rows),
                "rows": dg.MetadataValue.json(rows),
                "open_with": dg.MetadataValue.text(f"duckdb {snapshot / VIEWS}"),
            }
        )

    return publish
