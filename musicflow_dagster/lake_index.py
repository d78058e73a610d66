"""A local index of the lake's manifests, so that nobody reads an old manifest twice.

It holds nothing that the lake doesn't: when it is missing, unreadable or of another lake it is
made again. Several processes may refresh it at once; the writes are serialized by SQLite.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.events import EVENTS
from contracts.expiry import read_expiry
from contracts.lake import LAKE_RECORD, hour_key, parse_hour_key
from contracts.layout import check_layout
from contracts.manifests import ManifestLog
from contracts.store import Store
from musicflow_dagster.index_rows import insert
from musicflow_dagster.index_tables import ALL, FORMAT, NO_EXPIRY, TABLES, expire


def rows_left(rows: int, erased: Sequence[int]) -> set[int]:
    """How many of a file's rows may stand: each erasure is done, or is yet to be done."""
    left = {rows}
    for each in erased:
        left |= {standing - each for standing in left}
    return left


@dataclass(frozen=True, slots=True)
class LandedFile:
    """An accepted file of an hour, and the kind of the batch that brought it."""

    path: str
    hour: datetime
    kind: str
    rows: int
    """By the manifest that brought it."""
    erased: tuple[int, ...] = ()
    """Rows that erasures have taken out since, or are about to, each by itself."""

    def may_hold(self, rows: int) -> bool:
        """Whether so many rows may stand in it: erasures are on record before they are done."""
        return rows in rows_left(self.rows, self.erased)


@dataclass(frozen=True, slots=True)
class LandedHour:
    """What manifests say of one event's hour: rows by kind of batch, bytes, rows erased since."""

    fingerprint: str
    stream: int
    replay: int
    files: int
    bytes: int
    erased: int = 0

    @property
    def rows(self) -> int:
        """Rows of all kinds, those included that were erased since."""
        return self.stream + self.replay + self.files


@dataclass(frozen=True, slots=True)
class Settled:
    """All hours before `until` were built, under these rules, by a publication of a warehouse.

    What lands in one of them later unsettles it, and all after it.
    """

    until: datetime
    warehouse: str
    publication: int
    rules: str


class LakeIndex:
    """The index of one lake; `refresh` brings it up to date."""

    def __init__(self, path: Path, store: Store) -> None:
        """Use the index at `path` for the lake behind `store`."""
        self.path = path
        self.store = store

    def refresh(self) -> dict[str, int]:
        """Read the manifests that are new; per event, the number of the last one."""
        with self._writing() as connection:
            return {event.name: self._catch_up(connection, event.name) for event in EVENTS}

    def lake(self) -> str:
        """What stands for the lake's identity.

        Raises:
            ConfigurationError: This version does not know its layout.
        """
        record = self.store.read(LAKE_RECORD) if self.store.exists(LAKE_RECORD) else b""
        if record:
            check_layout(record, self.store.url(""))
        return hashlib.blake2b(record, digest_size=8).hexdigest()

    def fingerprints(self, since: datetime | None = None) -> dict[str, dict[datetime, str]]:
        """Per event, the hours (`since` one) that have rows; what stands for their manifests."""
        found: dict[str, dict[datetime, str]] = {event.name: {} for event in EVENTS}
        rows = self.query(
            "select event, hour, fingerprint from hours where hour >= ? and event in "
            f"({', '.join('?' * len(found))})",
            (hour_key(since) if since else NO_EXPIRY, *found),
        )
        for name, hour, fingerprint in rows:
            found[name][parse_hour_key(hour)] = fingerprint
        return found

    def expired_before(self) -> dict[str, datetime]:
        """Per event of which hours have expired, the first that has not."""
        rows = self.query("select event, before from expiries")
        return {event: parse_hour_key(before) for event, before in rows}

    def settled(self) -> Settled | None:
        """Which hours need no look, as far as is known."""
        for until, *about in self.query("select * from settled"):
            return Settled(parse_hour_key(until), *about)
        return None

    def settle(self, settled: Settled, seqs: dict[str, int]) -> None:
        """Remember `settled`, which was found when the last manifests were `seqs`."""
        with self._writing() as connection:
            if {event: self._last(connection, event) for event in seqs} != seqs:
                return  # more has landed meanwhile, and may have unsettled what was settled
            connection.execute("delete from settled")
            connection.execute(
                "insert into settled values (?, ?, ?, ?)",
                (hour_key(settled.until), settled.warehouse, settled.publication, settled.rules),
            )

    def hours(
        self, event: str, start: datetime, end: datetime
    ) -> tuple[dict[datetime, LandedHour], list[LandedFile]]:
        """The hours from `start` to before `end` that have rows, and their files, as one view."""
        bounds = (event, hour_key(start), hour_key(end))
        where = "where event = ? and hour >= ? and hour < ?"
        with self._connected() as connection, connection:
            connection.execute("begin")
            hours = connection.execute(
                "select hour, fingerprint, stream, replay, files, bytes, erased "
                f"from hours {where}",
                bounds,
            ).fetchall()
            files = connection.execute(
                f"select path, hour, kind, rows from files {where} order by hour, seq, path",
                bounds,
            ).fetchall()
            erased = _by_path(
                connection.execute(f"select path, rows from erasures {where}", bounds)
            )
        return (
            {parse_hour_key(hour): LandedHour(*numbers) for hour, *numbers in hours},
            [
                LandedFile(path, parse_hour_key(hour), kind, n, erased.get(path, ()))
                for path, hour, kind, n in files
            ],
        )

    def erasures(self, first: str, end: str) -> dict[str, list[tuple[str, int]]]:
        """By file of the hours of these names (`end` exclusive): whose rows it loses, how many.

        A user is told by the hash, and is empty where the manifest has expired.
        """
        found: dict[str, list[tuple[str, int]]] = {}
        query = (
            "select path, coalesce(writer, ''), rows from erasures left join batches "
            "using (event, seq) where hour >= ? and hour < ?"
        )
        for path, user, rows in self.query(query, (first, end)):
            found.setdefault(path, []).append((user, rows))
        return found

    def query(self, sql: str, parameters: Iterable[object] = ()) -> list[tuple]:
        """Rows of a question to the index's tables."""
        with self._connected() as connection:
            return connection.execute(sql, tuple(parameters)).fetchall()

    def _catch_up(self, connection: sqlite3.Connection, event: str) -> int:
        before = self._expired(connection, event)
        last = self._last(connection, event)
        insert(connection, event, ManifestLog(self.store, event).after(last), before)
        return self._last(connection, event)

    def _expired(self, connection: sqlite3.Connection, event: str) -> str:
        """Forget what has expired of an event; the name of the first hour that has not."""
        expiry = read_expiry(self.store, event)
        if expiry is None:
            return NO_EXPIRY
        known = connection.execute("select number from expiries where event = ?", (event,))
        if known.fetchone() != (expiry.number,):
            expire(connection, expiry)
        return hour_key(expiry.before)

    @staticmethod
    def _last(connection: sqlite3.Connection, event: str) -> int:
        query = "select coalesce(max(seq), 0) from batches where event = ?"
        return int(connection.execute(query, (event,)).fetchone()[0])

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock, on tables that are this lake's."""
        with self._connected() as connection, connection:
            connection.execute("begin immediate")
            held = dict(connection.execute("select key, value from meta"))
            wanted = {"format": FORMAT, "lake": self.lake()}
            if held != wanted:
                for table in ALL:
                    connection.execute(f"drop table {table}")
                for statement in TABLES.split(";"):
                    connection.execute(statement)
                connection.executemany("insert into meta values (?, ?)", wanted.items())
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = self._open()
        try:
            yield connection
        finally:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            return _opened(self.path)
        except sqlite3.OperationalError as error:
            raise UnavailableError(f"cannot use the index {self.path}: {error}") from error
        except sqlite3.DatabaseError:
            self.path.unlink()  # damaged; all that it held is in the lake
            return _opened(self.path)


def _by_path(erasures: Iterable[tuple[str, int]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for path, rows in erasures:
        found[path] = (*found.get(path, ()), rows)
    return found


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.executescript(TABLES)
    return connection
