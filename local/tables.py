"""The published tables, as their readers find them: a snapshot's file, or BigQuery."""

import os
from pathlib import Path
from typing import Any, Protocol

import duckdb


class Tables(Protocol):
    """Tables that people read; nothing may have been published yet."""

    def names(self, schema: str) -> list[str]:
        """The tables and views of a schema, in order; none if it does not exist."""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query answers."""


class SnapshotTables:
    """The published snapshot; an empty database before anything was published."""

    def __init__(self, snapshot: Path) -> None:
        """Read what stands in the folder `snapshot` at each query."""
        self._views = snapshot / "musicflow.duckdb"

    def names(self, schema: str) -> list[str]:
        """The views of a schema."""
        named = "select view_name from duckdb_views() where schema_name = ? order by all"
        with self._opened() as views:
            return [name for (name,) in views.execute(named, [schema]).fetchall()]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query answers."""
        with self._opened() as views:
            return views.execute(query).fetchall()

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._views.exists():
            return duckdb.connect(self._views, read_only=True)
        return duckdb.connect()


class BigQueryTables:
    """The datasets of a project, in BigQuery or where BIGQUERY_EMULATOR_HOST says."""

    def __init__(self, project: str) -> None:
        """Read the datasets of `project`."""
        # An extra of the package: only who asks for Google's cloud needs it.
        from google.auth.credentials import AnonymousCredentials  # noqa: PLC0415
        from google.cloud import bigquery  # noqa: PLC0415

        emulated = os.environ.get("BIGQUERY_EMULATOR_HOST")
        credentials = AnonymousCredentials() if emulated else None  # type: ignore[no-untyped-call]
        self._client = bigquery.Client(project=project, credentials=credentials)

    def names(self, schema: str) -> list[str]:
        """The tables and views of a dataset."""
        if schema not in {dataset.dataset_id for dataset in self._client.list_datasets()}:
            return []
        return sorted(table.table_id for table in self._client.list_tables(schema))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query answers."""
        return [row.values() for row in self._client.query_and_wait(query)]
