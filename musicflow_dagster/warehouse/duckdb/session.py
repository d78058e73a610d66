"""A DuckDB warehouse as the steps of a run work with it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from contracts.publication import VIEWS
from contracts.store import Store
from contracts.suppression import Suppressions
from musicflow_dagster.column_lineage import Catalogue, Tables
from musicflow_dagster.counted import Counts
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_files import reach
from musicflow_dagster.landed import Landed
from musicflow_dagster.load_report import LoadReport
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import set_pseudonym_key
from musicflow_dagster.warehouse.duckdb.erasing import purge, rows_of_user, unbuilt_hours
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.raw_load import RawLoad
from musicflow_dagster.warehouse.duckdb.songs import replace_songs
from musicflow_dagster.warehouse.facts import FactHour
from musicflow_dagster.warehouse.published import Published


@dataclass(frozen=True, slots=True)
class DuckDBWarehouse:
    """The warehouse behind `connection`, which publishes to the folder `snapshot`."""

    connection: duckdb.DuckDBPyConnection
    snapshot: Path = Path()

    @contextmanager
    def onlooker(self, store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
        """The warehouse's own connection: it spills where there is room."""
        reach(self.connection, store)
        yield self.connection

    def replace(self, landed: Landed, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours` in one transaction, accounts included."""
        reach(self.connection, landed.store)
        return RawLoad(self.connection, landed).replace(hours)

    def account_for(self, *ranges: HourRange) -> dict[str, list[FactHour]]:
        """Count and record the hours of each fact; note what whole ones were built from."""
        return account_for(self.connection, *ranges)

    def set_pseudonym_key(self, key: str) -> None:
        """Put the key where the models find it.

        Raises:
            ConfigurationError: The models were built with another key.
        """
        set_pseudonym_key(self.connection, key)

    def replace_songs(self, songs: pl.DataFrame) -> None:
        """Put `songs` in the place of the catalogue that stood."""
        replace_songs(self.connection, songs)

    def publish(self, tables: Sequence[Published], *ranges: HourRange) -> Mapping[str, Any]:
        """Write what a build of `ranges` has changed to the snapshot.

        Raises:
            ConfigurationError: A table may not leave the warehouse; nothing was published.
        """
        publication = Publisher(self.connection, self.snapshot).publish(tables, *ranges)
        return {
            "publish": publication.number,
            "tables": len(publication.tables),
            "rows": {name: table.rows for name, table in sorted(publication.tables.items())},
            "bytes": sum((self.snapshot / path).stat().st_size for path in publication.paths()),
            "open_with": f"duckdb {self.snapshot / VIEWS}",
        }

    def row_counts(self, names: Collection[str]) -> dict[str, int]:
        """Rows of the models of these names, of those that stand."""
        tables = self.connection.sql(
            "select table_name, schema_name from duckdb_tables() where not internal"
        ).fetchall()
        return {
            name: int(self.connection.table(f"{schema}.{name}").count("*").fetchall()[0][0])
            for name, schema in tables
            if name in names
        }

    def purge(self, suppressed: Suppressions) -> Counts:
        """Delete what raw has of forgotten users, and account for it; rows by event and hour."""
        return purge(self.connection, suppressed)

    def unbuilt_hours(self) -> list[datetime]:
        """Hours whose models do not show what raw holds."""
        return unbuilt_hours(self.connection)

    def rows_of_user(self, user_key: str) -> Mapping[str, int]:
        """Rows of the models' tables that have this pseudonym, of the tables that have any."""
        return rows_of_user(self.connection, user_key)

    def columns(self) -> Catalogue:
        """The columns of all tables, and their types."""
        found: Tables = {}
        for database, schema, table, column, kind in self.connection.sql(
            "select database_name, schema_name, table_name, column_name, data_type "
            "from duckdb_columns() where not internal"
        ).fetchall():
            tables = found.setdefault(database, {}).setdefault(schema, {})
            tables.setdefault(table, {})[column] = kind
        return Catalogue("duckdb", found)
