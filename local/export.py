"""Published tables as plain files under lasting names, for tools that know nothing of snapshots."""
# ruff: noqa: S608  table names cannot be parameters; all are the publication's

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb

from contracts.errors import ConfigurationError, LakeError
from contracts.publication import Publication, PublishedTable, current
from contracts.store import disk_error

Format = Literal["parquet", "csv", "duckdb"]
COPY_OPTIONS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}
STORAGE_VERSION = "v1.2.0"
"""Of an exported database, so that drivers that bring an older DuckDB can read it."""
ONE_FILE = "musicflow.duckdb"


def export(snapshot: Path, target: Path, form: Format, schemas: tuple[str, ...]) -> list[Path]:
    """Write the newest publication's tables of `schemas` to the folder `target`.

    A file is replaced at once when its table is complete, so that a reader of the last export
    never sees half of one.

    Args:
        snapshot: The folder of the published snapshot.
        target: Where to; it is made if it lacks.
        form: A Parquet or CSV file for each table, `<schema>.<table>.<form>`, or one DuckDB file.
        schemas: Which of `marts`, `reporting`, `reconciliation`.

    Raises:
        ConfigurationError: Nothing was published there.
        LakeError: A published file is gone or damaged.
        UnavailableError: `target` cannot be written.
    """
    publication = current(snapshot)
    if publication is None:
        raise ConfigurationError(f"nothing was published in {snapshot} yet: run `make demo` first")
    try:
        target.mkdir(parents=True, exist_ok=True)
        with opened(snapshot, publication) as connection:
            names = [name for name in publication.tables if name.partition(".")[0] in schemas]
            if form == "duckdb":
                return [_database(connection, publication, names, target / ONE_FILE)]
            return [_file(connection, name, form, target) for name in sorted(names)]
    except duckdb.Error as error:
        raise LakeError(f"the export failed: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise disk_error(error, target) from error


@contextmanager
def opened(snapshot: Path, publication: Publication) -> Iterator[duckdb.DuckDBPyConnection]:
    """The publication's tables as views of a database in memory."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, table in _files_first(publication):
            files = ", ".join(f"'{_quoted(snapshot / file.path)}'" for file in table.files)
            connection.execute(f"create schema if not exists {name.partition('.')[0]}")
            connection.execute(table.view or f"create view {name} as from read_parquet([{files}])")
        yield connection


def _file(connection: duckdb.DuckDBPyConnection, name: str, form: Format, target: Path) -> Path:
    path = target / f"{name}.{form}"
    unfinished = path.with_name(f".{path.name}")
    connection.execute(f"copy (from {name}) to '{_quoted(unfinished)}' ({COPY_OPTIONS[form]})")
    return unfinished.replace(path)


def _database(
    connection: duckdb.DuckDBPyConnection, publication: Publication, names: list[str], path: Path
) -> Path:
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    connection.execute(
        f"attach '{_quoted(unfinished)}' as exported (storage_version '{STORAGE_VERSION}')"
    )
    for name, table in _files_first(publication):
        if name in names and not table.view:
            connection.execute(f"create schema if not exists exported.{name.partition('.')[0]}")
            connection.execute(f"create table exported.{name} as from memory.{name}")
    connection.execute("detach exported")
    return unfinished.replace(path)


def _files_first(publication: Publication) -> list[tuple[str, PublishedTable]]:
    """The tables, those that are views of others last."""
    return sorted(publication.tables.items(), key=lambda item: (bool(item[1].view), item[0]))


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
