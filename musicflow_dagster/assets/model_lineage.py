"""The column lineage of dbt's models, shown with each of their builds.

dbt compiles the models anyway; what is left is 0.2 s of reading their SQL. It is attached to the
newest hour of a run, where the UI looks for it, and not to the thousands of others.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliInvocation

from musicflow_dagster.assets.run_hours import add_metadata
from musicflow_dagster.column_lineage import Catalogue, UnreadableSqlError, sources_of_columns


def add_column_lineage(
    context: dg.AssetExecutionContext,
    invocation: DbtCliInvocation,
    newest: datetime,
    catalogue: Catalogue,
) -> None:
    """Attach it to what `invocation` has built, at its `newest` hour.

    `catalogue` is the warehouse's.
    """
    for node in invocation.manifest["nodes"].values():
        key = dg.AssetKey([catalogue.layer(node["schema"]), node["name"]])
        query = _compiled(node, invocation.target_path)
        if key not in context.selected_asset_keys or query is None:
            continue
        try:
            found = _column_lineage(query, catalogue)
        except UnreadableSqlError as error:
            context.log.warning("%s: %s", node["name"], error)
            continue
        add_metadata(context, {"dagster/column_lineage": found}, key, newest)


def _column_lineage(query: str, catalogue: Catalogue) -> dg.TableColumnLineage:
    traced = sources_of_columns(query, catalogue.tables, catalogue.dialect)
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(
                    dg.AssetKey([catalogue.layer(each.schema), each.table]), each.column
                )
                for each in sources
            ]
            for column, sources in traced.items()
        }
    )


def _compiled(node: Mapping[str, Any], target: Path) -> str | None:
    """The model's query as dbt ran it, if it did."""
    path = target / "compiled" / node["package_name"] / node["original_file_path"]
    return path.read_text() if node["resource_type"] == "model" and path.is_file() else None
