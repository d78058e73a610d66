"""The published snapshot: one consistent set of Parquet files, read through DuckDB.

A publish never disturbs a reader: the files of the last two publications stand, and a page view
keeps to the one that it began with. Where that one is older still, it is opened anew, once.
"""
# ruff: noqa: S608  table names cannot be parameters; all are the publication's

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import duckdb
import polars as pl

from contracts.errors import LakeError, MusicFlowError, UnavailableError
from contracts.logs import log
from contracts.publication import (
    BUILT_HOURS,
    POINTER,
    Publication,
    PublishedFile,
    PublishedTable,
    current,
)
from dashboard.data.cache import FrameCache
from dashboard.data.tables import Days, NotPublishedError, Published, Value

MEMORY = "1GB"
_NAME = re.compile(r"[a-z_]+\.[a-z][a-z0-9_]*")


class OpenPublication:
    """A publication's tables as views of an in-memory DuckDB, which can read nothing else."""

    def __init__(self, snapshot: Path, publication: Publication, cache: FrameCache) -> None:
        self.record = publication
        self.damaged: set[str] = set()
        self._cache = cache
        self._connection = duckdb.connect(config={"memory_limit": MEMORY})
        self._snapshot = snapshot.absolute()
        self._open(self._snapshot)
        self.publication = self._published()

    def has(self, table: str) -> bool:
        """Whether the publication has `schema.table`."""
        return table in self.record.tables

    def rows(self, query: str, within: Days | None = None, /, **parameters: Value) -> pl.DataFrame:
        """Rows of `query`, from the cache where they are there.

        Raises:
            NotPublishedError: A table that it names is not published.
            LakeError: A published file is gone or damaged.
        """
        if within:
            query = _NAME.sub(lambda name: self._of_days(name[0], within), query)
        key = (self.record.warehouse, self.record.number, query, tuple(sorted(parameters.items())))
        return self._cache.get(key, lambda: self._query(query, parameters))

    def _of_days(self, name: str, within: Days) -> str:
        """What a query reads for `name`: of a table that is kept by day, the files of these days.

        To look into the files of a year takes longer than to read those of a day.
        """
        table = self.record.tables.get(name)
        if table is None or name in self.damaged or not any(file.day for file in table.files):
            return name
        first, last = (each.isoformat() for each in within)
        chosen = [file for file in table.files if file.day and first <= file.day <= last]
        # Any file tells the columns of a table without rows.
        return _files(self._snapshot, chosen or table.files[-1:])

    def _query(self, query: str, parameters: dict[str, Value]) -> pl.DataFrame:
        with self._connection.cursor() as cursor:
            try:
                found: pl.DataFrame = cursor.sql(query, params=parameters or None).pl()
            except duckdb.Error as error:
                raise self._problem(error) from error
            return found

    def _problem(self, error: duckdb.Error) -> MusicFlowError:
        """What went wrong, for people; only what is damaged is called so."""
        if isinstance(error, duckdb.CatalogException | duckdb.BinderException):
            return self._missing(error)
        is_short = isinstance(error, duckdb.OutOfMemoryException)
        if is_short or (isinstance(error, duckdb.IOException) and self._has_all_files()):
            log.error("a query could not be answered", error=_first_line(error))
            return UnavailableError(
                "this can't be counted now, for want of memory or of open files: choose fewer "
                "days, or try again"
            )
        return _damaged(error)

    def _has_all_files(self) -> bool:
        return all((self._snapshot / path).exists() for path in self.record.paths())

    def _missing(self, error: duckdb.Error) -> LakeError:
        """Why a table is not there: never published, or its files could not be read."""
        if any(table.partition(".")[2] in str(error) for table in self.damaged):
            return _damaged(error)
        log.warning("table is not published", error=_first_line(error))
        return NotPublishedError(
            "this page needs a table that is not published yet: build once more, with "
            "`musicflow build`"
        )

    def _open(self, snapshot: Path) -> None:
        connection = self._connection
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set parquet_metadata_cache = true")
        # No spilling: it would write to the folder that the process was started in.
        connection.execute("set temp_directory = ''")
        # Locked before anything of the record is run: whoever wrote it gets no further.
        connection.execute("set allowed_directories = $folders", {"folders": [f"{snapshot}/"]})
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        # First those of files: the others read them.
        tables = sorted(self.record.tables.items(), key=lambda item: bool(item[1].view))
        for name, table in tables:
            if not _NAME.fullmatch(name):
                raise LakeError(f"the record of the publication has a table called {name!r}")
            try:
                connection.execute(f"create schema if not exists {name.partition('.')[0]}")
                connection.execute(table.view or _view(snapshot, name, table))
            except duckdb.Error as error:
                self.damaged.add(name)
                log.warning("table cannot be opened", table=name, error=_first_line(error))

    def _published(self) -> Published:
        first = last = None
        if self.has(BUILT_HOURS):
            query = f"select min(hour) as first, max(hour) as last from {BUILT_HOURS}"
            first, last = self.rows(query).row(0)
        number, at = self.record.number, self.record.published_at
        return Published(number, at, _aware(first), _aware(last))


class SnapshotTables:
    """The newest publication of a snapshot's folder; one per process, shared by its sessions."""

    def __init__(self, snapshot: Path) -> None:
        self.snapshot = snapshot
        self._cache = FrameCache()
        self._lock = Lock()
        self._opened: OpenPublication | None = None
        self._seen: tuple[int, int, int] | None = None

    def newest(self) -> "PageTables":
        """The newest publication, for one page view.

        Raises:
            NotPublishedError: Nothing was published yet.
            LakeError: The record of the publication cannot be read.
        """
        return PageTables(self, self.open())

    def open(self) -> OpenPublication:
        """The newest publication, opened; the same one as before if nothing was published since.

        Raises:
            NotPublishedError: Nothing was published yet.
            LakeError: The record of the publication cannot be read.
        """
        seen = self._look()
        with self._lock:
            if self._opened is None or seen != self._seen:
                publication = current(self.snapshot)
                if publication is None:
                    raise NotPublishedError(f"nothing was published in {self.snapshot} yet")
                if self._opened is None or publication != self._opened.record:
                    self._opened = OpenPublication(self.snapshot, publication, self._cache)
                    log.info("publication opened", number=publication.number)
                self._seen = seen
            return self._opened

    def _look(self) -> tuple[int, int, int] | None:
        """What changes with each publish, at the price of one `stat`."""
        try:
            found = os.stat(self.snapshot / POINTER)  # noqa: PTH116  the same; Path says it no better
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino, found.st_size


class PageTables:
    """The tables of one page view: one publication, even while others are published."""

    def __init__(self, snapshot: SnapshotTables, opened: OpenPublication) -> None:
        self._snapshot = snapshot
        self._opened = opened

    @property
    def publication(self) -> Published:
        """Which publication this is."""
        return self._opened.publication

    def has(self, table: str) -> bool:
        """Whether the publication has `schema.table`."""
        return self._opened.has(table)

    def rows(self, query: str, within: Days | None = None, /, **parameters: Value) -> pl.DataFrame:
        """Rows of `query`; of the newest publication, where the files of this one are gone.

        Raises:
            NotPublishedError: A table that it names is not published.
            LakeError: A published file is gone or damaged.
        """
        try:
            return self._opened.rows(query, within, **parameters)
        except NotPublishedError:
            raise
        except LakeError:
            newest = self._snapshot.open()
            if newest is self._opened:
                raise
            self._opened = newest
            return newest.rows(query, within, **parameters)


def _view(snapshot: Path, name: str, table: PublishedTable) -> str:
    return f"create view {name} as from {_files(snapshot, table.files)}"


def _files(snapshot: Path, files: Sequence[PublishedFile]) -> str:
    paths = ", ".join(f"'{_quoted(snapshot / file.path)}'" for file in files)
    return f"read_parquet([{paths}])"


def _damaged(error: duckdb.Error) -> LakeError:
    log.error("the snapshot is damaged", error=_first_line(error))
    return LakeError(
        "a file of the published tables is gone or damaged: remove the snapshot's folder, and "
        "`musicflow build` makes it again"
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
