"""A small BigQuery warehouse to run the dbt project on: raw tables from rows, then dbt, a look."""

import io
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from contracts.events import EVENTS_BY_NAME
from contracts.to_arrow import accepted_schema
from local.bigquery_emulator import BigQuery
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.tables import DATASETS, prepare
from tests.builders import Row
from tests.dbt_project.warehouse import LANDED, PROJECT, PSEUDONYM_KEY

DBT = Path(sys.executable).with_name("dbt")
LOCATION = os.environ.get("MUSICFLOW_BIGQUERY_LOCATION", "US")


def client_of(server: BigQuery) -> bigquery.Client:
    """A client of the emulator, or of the real one with the default credentials."""
    if not server.host:
        return bigquery.Client(project=server.project, location=LOCATION)
    options = ClientOptions(api_endpoint=server.host)
    return bigquery.Client(
        project=server.project,
        credentials=AnonymousCredentials(),
        client_options=options,
        location=LOCATION,
    )


@dataclass
class BigQueryWarehouse:
    """Datasets with a prefix of their own, and the dbt project run on them."""

    server: BigQuery
    prefix: str
    target: Path
    """Shared by all tests of a session, so that dbt parses the project once."""
    client: bigquery.Client

    def create(self) -> None:
        """What the orchestrator leaves before the first run of dbt."""
        with patch.dict(os.environ, self.server.environment):
            prepare(connect(Place(self.server.project, LOCATION, self.prefix)))
        self.execute(f"insert into {self.prefix}staging.pseudonym_key values ('{PSEUDONYM_KEY}')")

    def drop(self) -> None:
        """Leave nothing behind in a real project."""
        for name in DATASETS:
            self.client.delete_dataset(
                f"{self.prefix}{name}", delete_contents=True, not_found_ok=True
            )

    def fill(self, raw: Mapping[str, Iterable[Row]]) -> None:
        """Add rows to all raw tables."""
        for name, rows in raw.items():
            self.load(name, rows)

    def load(self, event_name: str, rows: Iterable[Row]) -> None:
        """Add rows, each with its `kafka_offset`, to a raw table."""
        landed = [LANDED | row for row in rows]
        table = pa.Table.from_pylist(landed, accepted_schema(EVENTS_BY_NAME[event_name]))
        file = io.BytesIO()
        pq.write_table(table, file)
        destination = f"{self.prefix}raw.{event_name}"
        options = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=self.client.get_table(destination).schema,
        )
        self.client.load_table_from_file(
            file, destination, rewind=True, job_config=options
        ).result()

    def execute(self, statement: str) -> None:
        """Change the warehouse by hand."""
        self.client.query(statement).result()

    def dbt(self, *arguments: str, start: datetime | None = None, end: datetime | None = None):
        """Run a command of dbt for a window of hours, or for all that raw holds."""
        environment = self.server.environment | {
            "MUSICFLOW_TARGET": "gcp",
            "MUSICFLOW_DATASET_PREFIX": self.prefix,
            "MUSICFLOW_WINDOW_START": f"{start:%Y-%m-%d %H:%M:%S}" if start else "",
            "MUSICFLOW_WINDOW_END": f"{end:%Y-%m-%d %H:%M:%S}" if end else "",
            "DBT_TARGET_PATH": str(self.target),
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT),
        }
        return subprocess.run(
            [str(DBT), *arguments, "--log-level-file", "none", "--quiet", "--no-use-colors"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *arguments: str, **window: datetime) -> None:
        """Run a command of dbt; it must succeed."""
        done = self.dbt(*arguments, **window)
        assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]

    def table(self, name: str) -> pl.DataFrame:
        """All rows of a table, named by its schema as in DuckDB."""
        rows = self.client.query(f"select * from {self.prefix}{name}").result()
        found = pl.from_arrow(rows.to_arrow(create_bqstorage_client=False))
        assert isinstance(found, pl.DataFrame)
        return found


@contextmanager
def bigquery_warehouse(server: BigQuery, prefix: str, target: Path) -> Iterator[BigQueryWarehouse]:
    """An empty warehouse, which is gone after the block."""
    with client_of(server) as client:
        warehouse = BigQueryWarehouse(server, prefix, target, client)
        try:
            warehouse.create()
            yield warehouse
        finally:
            warehouse.drop()
