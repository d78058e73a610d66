"""What a publish of the warehouse leaves behind: the pointer that readers start from.

A snapshot is a folder of Parquet files. `current.json` names the files of one publication, which
together are consistent; a publish adds files under new names and then replaces `current.json`
whole. The files of the last two publications stand, so that a reader that has just read the
pointer finds its files.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

from contracts.errors import LakeError

FORMAT = 1
POINTER = "current.json"
VIEWS = "musicflow.duckdb"
"""The DuckDB database with a view per published table, for people with a SQL tool."""
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
    published_at: Annotated[datetime, msgspec.Meta(tz=True)]
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
        found = msgspec.json.decode(path.read_bytes(), type=Publication)
    except FileNotFoundError:
        return None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"{path} cannot be read: remove the snapshot's folder ({error})") from error
    except OSError as error:
        raise LakeError(f"{path} cannot be read: {error.strerror}") from error
    if found.format > FORMAT:
        raise LakeError(f"{path} was published by a newer MusicFlow: upgrade this one")
    return found


def current(snapshot: Path) -> Publication | None:
    """The newest publication of a snapshot, if there is any.

    Raises:
        LakeError: Its record cannot be read.
    """
    return read_publication(snapshot / POINTER)
