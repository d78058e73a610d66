"""The file of the DuckDB warehouse: opened, waited for, prepared."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from contracts.errors import UnavailableError
from contracts.events import EVENTS
from contracts.store import disk_error
from contracts.to_sql import add_new_columns, create_raw_table
from musicflow_dagster.warehouse.duckdb.songs import prepare_songs
from musicflow_dagster.warehouse.lock import RETRY_SECONDS, WriterLock
from musicflow_dagster.warehouse.pseudonyms import another_key

_SCHEMA = """
create schema if not exists raw;
create schema if not exists staging;
create schema if not exists reconciliation;
create table if not exists staging.pseudonym_key (key varchar not null);
create table if not exists reconciliation.warehouse (id varchar not null);
create table if not exists reconciliation.raw_hours (
  event varchar not null, hour timestamp not null, accepted bigint not null,
  replayed bigint not null, from_files bigint not null, raw_rows bigint not null,
  duplicates bigint not null, conflicting_duplicates bigint not null, erased bigint not null,
  manifests varchar not null, loaded_at timestamp not null);
create table if not exists reconciliation.fact_hours (
  fact varchar not null, hour timestamp not null, raw_rows bigint not null,
  fact_rows bigint not null);
create table if not exists reconciliation.built_hours (
  event varchar not null, hour timestamp not null, manifests varchar not null);
create table if not exists reconciliation.unpublished_hours (hour timestamp not null);
"""


@contextmanager
def open_warehouse(path: Path, patience_seconds: float = 30) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC, closed at the end; what still has the file open is waited for.

    Raises:
        UnavailableError: Another process has the file open, or it cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connected(path, patience_seconds)
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        yield connection
    finally:
        connection.close()


@contextmanager
def read_warehouse(path: Path, patience_seconds: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that only reads, in UTC; no run begins to write until it is closed.

    Raises:
        UnavailableError: Another process was writing all the time, or it cannot be read.
    """
    lock = WriterLock(path, patience_seconds)
    try:
        lock.acquire()
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        with _connected(path, patience_seconds, read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            yield connection
    finally:
        lock.release()


def _connected(
    path: Path, patience_seconds: float, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection, once a process that is about to end (a dbt without its run) has let go."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            return duckdb.connect(path, read_only=read_only)
        except duckdb.IOException as error:
            if "lock" in str(error) and time.monotonic() < deadline:
                time.sleep(RETRY_SECONDS)
                continue
            raise UnavailableError(
                f"the warehouse {path} cannot be opened; close what else has it open, and read "
                f"the published snapshot instead: {str(error).splitlines()[0]}"
            ) from error


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Create what a new warehouse lacks; it costs nothing on one that stands."""
    connection.execute(_SCHEMA)
    prepare_songs(connection)
    for event in EVENTS:
        connection.execute(create_raw_table(event, "duckdb"))
        for statement in add_new_columns(event, "duckdb"):
            connection.execute(statement)
    connection.execute(
        "insert into reconciliation.warehouse select ? "
        "where not exists (from reconciliation.warehouse)",
        [uuid.uuid4().hex],
    )


def set_pseudonym_key(connection: duckdb.DuckDBPyConnection, key: str) -> None:
    """Put the key where the models find it.

    Raises:
        ConfigurationError: The models were built with another key.
    """
    held = connection.sql("select key from staging.pseudonym_key").fetchall()
    if not held:
        connection.execute("insert into staging.pseudonym_key values (?)", [key])
    elif held != [(key,)]:
        raise another_key()
