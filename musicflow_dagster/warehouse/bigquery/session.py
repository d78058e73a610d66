"""A BigQuery warehouse as the steps of a run work with it."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

import io
import json
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import polars as pl
from google.api_core import exceptions as api
from google.cloud import bigquery

from contracts.store import Store
from contracts.suppression import Suppressions
from musicflow_dagster.column_lineage import Catalogue
from musicflow_dagster.counted import Counts
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_files import onlooker
from musicflow_dagster.landed import Landed
from musicflow_dagster.load_report import LoadReport
from musicflow_dagster.warehouse.bigquery.accounts import account_for
from musicflow_dagster.warehouse.bigquery.erasing import (
    LOADING,
    purge,
    rows_of_user,
    unbuilt_hours,
)
from musicflow_dagster.warehouse.bigquery.errors import told
from musicflow_dagster.warehouse.bigquery.jobs import RETRY, Jobs
from musicflow_dagster.warehouse.bigquery.raw_load import BigQueryRawLoad
from musicflow_dagster.warehouse.bigquery.tables import DATASETS, SMALL_TABLES, small_table
from musicflow_dagster.warehouse.facts import FactHour
from musicflow_dagster.warehouse.pseudonyms import another_key
from musicflow_dagster.warehouse.published import Published, guard

MODEL_SCHEMAS = ("staging", "marts", "reporting")
READERS = 8
"""Tables that are asked for at a time: unlike a query, it costs nothing."""


@dataclass(frozen=True, slots=True)
class BigQueryWarehouse:
    """The warehouse that `jobs` reach."""

    jobs: Jobs

    def onlooker(self, store: Store) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A DuckDB in memory: the files are judged as they are for a DuckDB warehouse."""
        return onlooker(store)

    def replace(self, landed: Landed, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours` by a load job and one MERGE; then their accounts."""
        return BigQueryRawLoad(self.jobs, landed).replace(hours)

    def account_for(self, *ranges: HourRange) -> dict[str, list[FactHour]]:
        """Count and record the hours of each fact; note what whole ones were built from."""
        return account_for(self.jobs, *ranges)

    def set_pseudonym_key(self, key: str) -> None:
        """Put the key where the models find it.

        Raises:
            ConfigurationError: The models were built with another key.
        """
        if not self._pseudonym_keys():
            # In a file: parameters of a query can be read in the history of its project.
            line = json.dumps({"key": key}).encode()
            self._fill(
                "staging",
                "pseudonym_key",
                line,
                "NEWLINE_DELIMITED_JSON",
                if_it_has_rows="WRITE_EMPTY",
            )
        if self._pseudonym_keys() != {key}:
            raise another_key()

    def _pseudonym_keys(self) -> set[str]:
        table = self.jobs.place.sql("staging", "pseudonym_key")
        return {key for (key,) in self.jobs.rows(f"select key from {table}", "pseudonym-key")}

    def replace_songs(self, songs: pl.DataFrame) -> None:
        """Put `songs` in the place of the catalogue that stood, by one load job."""
        file = io.BytesIO()
        columns = SMALL_TABLES["catalogue", "songs"]
        songs.select([name for name, *_ in columns]).write_parquet(file)
        self._fill(
            "catalogue", "songs", file.getvalue(), "PARQUET", if_it_has_rows="WRITE_TRUNCATE"
        )

    def _fill(
        self, schema: str, name: str, data: bytes, source_format: str, *, if_it_has_rows: str
    ) -> None:
        """Load `data` into one of the small tables, which BigQuery changes whole or not at all."""
        table = small_table(self.jobs, schema, name, SMALL_TABLES[schema, name])
        config = bigquery.LoadJobConfig(
            source_format=source_format, write_disposition=if_it_has_rows, schema=table.schema
        )
        with told(self.jobs.place, f"filling {schema}.{name}"):
            self.jobs.client.load_table_from_file(
                io.BytesIO(data),
                table.reference,
                num_retries=3,
                job_id_prefix=f"{self.jobs.origin}-{name}-",
                job_config=config,
            ).result(retry=RETRY)

    def publish(self, tables: Sequence[Published], *_ranges: HourRange) -> Mapping[str, Any]:
        """Number the publish; readers see marts and reporting where they stand.

        Raises:
            ConfigurationError: A table may not be seen by readers.
        """
        columns = self.columns().tables[self.jobs.place.project]
        for table in tables:
            guard(
                table,
                columns.get(f"{self.jobs.place.prefix}{table.schema}", {}).get(table.table, {}),
            )
        publications = self.jobs.place.sql("reconciliation", "publications")
        self.jobs.run(
            f"insert into {publications} (number, published_at) "
            f"select coalesce(max(number), 0) + 1, current_timestamp() from {publications}",
            "publish",
        )
        [(number,)] = self.jobs.rows(f"select max(number) from {publications}", "publish")
        rows = self.row_counts({table.table for table in tables})
        return {
            "publish": number,
            "tables": len(tables),
            "rows": dict(sorted(rows.items())),
            "open_with": f"bq query --project_id={self.jobs.place.project}",
        }

    def row_counts(self, names: Collection[str]) -> dict[str, int]:
        """Rows of the models of these names, of those that stand; it reads no bytes."""
        tables = {
            item.table_id: self.jobs.place.sql(schema, item.table_id)
            for schema in MODEL_SCHEMAS
            for item in self._tables_of(schema)
            if item.table_type == "TABLE" and item.table_id in names
        }
        if not tables:
            return {}
        counts = " union all ".join(
            f"select '{name}', count(*) from {table}" for name, table in sorted(tables.items())
        )
        return {name: int(count) for name, count in self.jobs.rows(counts, "row-counts")}

    def purge(self, suppressed: Suppressions) -> Counts:
        """Delete what raw has of forgotten users, and account for it; rows by event and hour."""
        return purge(self.jobs, suppressed)

    def unbuilt_hours(self) -> list[datetime]:
        """Hours whose models do not show what raw holds."""
        return unbuilt_hours(self.jobs)

    def rows_of_user(self, user_key: str) -> Mapping[str, int]:
        """Rows of the models' tables that have this pseudonym, of the tables that have any."""
        datasets = self.columns().tables[self.jobs.place.project]
        tables = [
            (schema, item.table_id)
            for schema in MODEL_SCHEMAS
            for item in self._tables_of(schema)
            if item.table_type == "TABLE"
            and "user_key"
            in datasets.get(f"{self.jobs.place.prefix}{schema}", {}).get(item.table_id, {})
        ]
        return rows_of_user(self.jobs, tables, user_key)

    def columns(self) -> Catalogue:
        """The columns of all tables, and their types; but not of those that are soon gone."""
        schemas = {f"{self.jobs.place.prefix}{schema}": schema for schema in DATASETS}
        tables = [
            each.reference
            for schema in DATASETS
            for each in self._tables_of(schema)
            if not _is_passing(each.table_id)
        ]
        with told(self.jobs.place, "reading columns"), ThreadPoolExecutor(READERS) as pool:
            described = list(pool.map(self._described, tables))
        found: dict[str, dict[str, dict[str, str]]] = {}
        for table in filter(None, described):
            columns = {field.name: field.field_type for field in table.schema}
            found.setdefault(table.dataset_id, {})[table.table_id] = columns
        return Catalogue("bigquery", {self.jobs.place.project: found}, schemas)

    def _described(self, table: bigquery.TableReference) -> bigquery.Table | None:
        """A table as it stands; none if it has gone since it was listed."""
        try:
            return self.jobs.client.get_table(table, retry=RETRY)
        except api.NotFound:
            return None

    def _tables_of(self, schema: str) -> list[Any]:
        with told(self.jobs.place, "listing tables"):
            return list(self.jobs.client.list_tables(self.jobs.place.dataset(schema), retry=RETRY))


def _is_passing(table: str) -> bool:
    """Whether a load or dbt has made the table for itself, and drops it."""
    return table.startswith(LOADING) or "__dbt_tmp" in table
