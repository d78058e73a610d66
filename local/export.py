"""Published tables as plain files under lasting names, for tools that know nothing of snapshots."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import duckdb

from contracts.errors import ConfigurationError, LakeError
from contracts.publication import Publication, current
from contracts.store import disk_error

Form = Literal["parquet", "csv", "duckdb"]
SCHEMAS = ("marts", "reporting", "reconciliation")
COPY_OPTIONS = {"parquet": "format parquet, compression zstd", "csv": "format csv, header"}
STORAGE_VERSION = "v1.2.0"
"""Of an exported database, so that drivers that bring an older DuckDB can read it."""
FORMULA = r"^([=+@\t\r\n-])"
"""How a cell begins that a spreadsheet would take for a formula."""
ONE_FILE = "musicflow.duckdb"


def export(snapshot: Path, target: Path, form: Form, schemas: tuple[str, ...]) -> list[Path]:
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
        with opened(snapshot.absolute(), publication, target.absolute()) as connection:
            names = sorted(name for name in publication.tables if _schema(name) in schemas)
            if form == "duckdb":
                return [_database(connection, names, target / ONE_FILE)]
            return [_file(connection, name, form, target) for name in names]
    except duckdb.Error as error:
        raise LakeError(f"the export failed: {str(error).splitlines()[0]}") from error
    except OSError as error:
        raise disk_error(error, target) from error


@contextmanager
def opened(
    snapshot: Path, publication: Publication, target: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The publication's tables as views of a database in memory.

    Whatever the publication's own statements say, they reach the snapshot and `target` alone.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        folders = [f"{snapshot}/", f"{target}/"]
        connection.execute("set allowed_directories = $folders", {"folders": folders})
        connection.execute("set enable_external_access = false")
        # Views read the tables of files, and come after them.
        for name, table in sorted(publication.tables.items(), key=lambda item: bool(item[1].view)):
            files = ", ".join(f"'{_quoted(snapshot / file.path)}'" for file in table.files)
            connection.execute(f"create schema if not exists {_schema(name)}")
            connection.execute(table.view or f"create view {name} as from read_parquet([{files}])")
        yield connection


def _file(connection: duckdb.DuckDBPyConnection, name: str, form: Form, target: Path) -> Path:
    path = target / f"{name}.{form}"
    unfinished = path.with_name(f".{path.name}")
    rows = _inert(connection, name) if form == "csv" else f"from {name}"
    connection.execute(f"copy ({rows}) to '{_quoted(unfinished)}' ({COPY_OPTIONS[form]})")
    return unfinished.replace(path)


def _inert(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """The rows; text that a spreadsheet would take for a formula begins with an apostrophe."""
    columns = connection.execute(f"describe {name}").fetchall()
    mended = [
        f"regexp_replace({column}, '{FORMULA}', '''\\1') as {column}"
        for column, kind, *_ in columns
        if kind == "VARCHAR"
    ]
    return f"from {name} select * replace ({', '.join(mended)})" if mended else f"from {name}"


def _database(connection: duckdb.DuckDBPyConnection, names: list[str], path: Path) -> Path:
    unfinished = path.with_name(f".{path.name}")
    unfinished.unlink(missing_ok=True)
    connection.execute(
        f"attach '{_quoted(unfinished)}' as exported (storage_version '{STORAGE_VERSION}')"
    )
    for name in names:
        connection.execute(f"create schema if not exists exported.{_schema(name)}")
        connection.execute(f"create table exported.{name} as from memory.{name}")
    connection.execute("detach exported")
    return unfinished.replace(path)


def _schema(name: str) -> str:
    return name.partition(".")[0]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
