"""What a publish leaves behind: the pointer that readers start from, and how it is read."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import msgspec

from contracts.errors import LakeError
from musicflow_dagster.hours import aware, naive

FORMAT = 1
POINTER = "current.json"
VIEWS = "musicflow.duckdb"
BUILT_HOURS = "reconciliation.built_hours"


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A Parquet file of a table: all of it, or one UTC day (`YYYY-MM-DD`).

    `content` stands for its rows, where the days that changed are found by comparing them.
    """

    path: str
    rows: int
    day: str | None = None
    content: str = ""


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A table's columns and files; `content` stands for the rows of a table published whole.

    A view has no files: `view` is the statement that makes it, of other published tables.
    """

    columns: tuple[tuple[str, str], ...]
    files: tuple[PublishedFile, ...]
    content: str = ""
    view: str = ""

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(file.rows for file in self.files)


@dataclass(frozen=True, slots=True)
class Publication:
    """One publish: number, the warehouse it was taken from, and its tables by `schema.name`."""

    number: int
    warehouse: str
    published_at: datetime
    tables: dict[str, PublishedTable] = field(default_factory=dict)
    format: int = FORMAT

    def paths(self) -> set[str]:
        """All files, relative to the snapshot."""
        return {file.path for table in self.tables.values() for file in table.files}


def encode(publication: Publication) -> bytes:
    """The publication as its record holds it."""
    return msgspec.json.encode(publication)


def read_publication(path: Path) -> Publication | None:
    """The record at `path`, or None if there is none.

    Raises:
        LakeError: It cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Publication)
    except FileNotFoundError:
        return None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"{path} cannot be read: remove the snapshot's folder ({error})") from error


def current(snapshot: Path) -> Publication | None:
    """The newest publication of a snapshot, if there is any."""
    return read_publication(snapshot / POINTER)


def rows_of(
    snapshot: Path, table: str, columns: str, where: str = "true", **parameters: object
) -> list[tuple]:
    """`columns` of the rows of a published table; none if it was not published yet."""
    publication = current(snapshot)
    if publication is None or table not in publication.tables:
        return []
    files = [str(snapshot / file.path) for file in publication.tables[table].files]
    return rows_in(files, f"select {columns} from read_parquet($files) where {where}", **parameters)


def rows_in(files: Sequence[str], query: str, **parameters: object) -> list[tuple]:
    """Rows of a `query` to published `files`.

    Raises:
        LakeError: A file is gone or damaged.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            return connection.execute(query, {"files": list(files), **parameters}).fetchall()
        except duckdb.Error as error:
            raise LakeError(
                "the snapshot is damaged: remove its folder, and `musicflow build` makes it "
                f"again ({str(error).splitlines()[0]})"
            ) from error


def built_hours(
    snapshot: Path, warehouse: Path, since: datetime | None = None
) -> dict[str, dict[datetime, str]]:
    """Per event, the hours (`since` one) that the published tables were built for; from what.

    Without the warehouse nothing counts as built, so that a lost one is made again.
    """
    built: dict[str, dict[datetime, str]] = {}
    if warehouse.exists():
        where, first = ("hour >= $since", {"since": naive(since)}) if since else ("true", {})
        rows = rows_of(snapshot, BUILT_HOURS, "event, hour, manifests", where, **first)
        for event, hour, manifests in rows:
            built.setdefault(event, {})[aware(hour)] = manifests
    return built
