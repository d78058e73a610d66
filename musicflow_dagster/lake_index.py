"""A local index of the lake's manifests, so that nobody reads an old manifest twice.

It holds nothing that the lake doesn't: when it is missing, unreadable or of another lake it is
made again. Several processes may refresh it at once; the writes are serialized by SQLite.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.events import EVENTS
from contracts.lake import LAKE_RECORD, hour_key, parse_hour_key
from contracts.manifests import DataFile, Manifest, ManifestLog
from contracts.store import Store

FORMAT = "2"

_TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists batches (
  event text, seq integer, kind text, writer text, batch integer, batch_at text,
  accepted integer, rejected integer, rejected_by_reason text, bytes integer,
  rejected_bytes integer, rows_in_files integer, rejects_in_files integer, newest text,
  unknown_fields integer,
  primary key (event, seq)) without rowid;
create table if not exists offsets (
  event text, topic text, partition integer, seq integer, kind text, first integer, end integer,
  accepted integer, rejected integer, not_data integer,
  primary key (event, topic, partition, seq)) without rowid;
create table if not exists files (
  event text, hour text, seq integer, path text, kind text, rows integer, bytes integer,
  primary key (event, hour, seq, path)) without rowid;
create table if not exists rejects (
  event text, hour text, seq integer, path text, rows integer,
  primary key (event, hour, seq, path)) without rowid;
create table if not exists hours (
  event text, hour text, fingerprint text, stream integer, replay integer, files integer,
  bytes integer, primary key (event, hour)) without rowid;
"""


@dataclass(frozen=True, slots=True)
class LandedFile:
    """An accepted file of an hour, and the kind of the batch that brought it."""

    path: str
    hour: datetime
    kind: str
    rows: int


@dataclass(frozen=True, slots=True)
class LandedHour:
    """What manifests say of one event's hour: rows by kind of batch, and the files."""

    fingerprint: str
    stream: int
    replay: int
    files: int
    bytes: int

    @property
    def rows(self) -> int:
        """Rows of all kinds."""
        return self.stream + self.replay + self.files


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
        """What stands for the lake's identity."""
        record = self.store.read(LAKE_RECORD) if self.store.exists(LAKE_RECORD) else b""
        return hashlib.blake2b(record, digest_size=8).hexdigest()

    def fingerprints(self) -> dict[str, dict[datetime, str]]:
        """Per event, the hours that have rows and what stands for their manifests."""
        found: dict[str, dict[datetime, str]] = {event.name: {} for event in EVENTS}
        for name, hour, fingerprint in self.query("select event, hour, fingerprint from hours"):
            found[name][parse_hour_key(hour)] = fingerprint
        return found

    def hours(
        self, event: str, start: datetime, end: datetime
    ) -> tuple[dict[datetime, LandedHour], list[LandedFile]]:
        """The hours from `start` to before `end` that have rows, and their files, as one view."""
        bounds = (event, hour_key(start), hour_key(end))
        where = "where event = ? and hour >= ? and hour < ?"
        with self._connected() as connection, connection:
            connection.execute("begin")
            hours = connection.execute(
                f"select hour, fingerprint, stream, replay, files, bytes from hours {where}",
                bounds,
            ).fetchall()
            files = connection.execute(
                f"select path, hour, kind, rows from files {where} order by hour, seq, path",
                bounds,
            ).fetchall()
        return (
            {parse_hour_key(hour): LandedHour(*numbers) for hour, *numbers in hours},
            [LandedFile(path, parse_hour_key(hour), kind, n) for path, hour, kind, n in files],
        )

    def query(self, sql: str, parameters: Iterable[object] = ()) -> list[tuple]:
        """Rows of a question to the index's tables."""
        with self._connected() as connection:
            return connection.execute(sql, tuple(parameters)).fetchall()

    def _catch_up(self, connection: sqlite3.Connection, event: str) -> int:
        last = connection.execute(
            "select coalesce(max(seq), 0) from batches where event = ?", (event,)
        ).fetchone()[0]
        for manifest in ManifestLog(self.store, event).after(last):
            _insert(connection, manifest)
            last = manifest.seq
        return int(last)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """A connection that holds the write lock, on tables that are this lake's."""
        with self._connected() as connection, connection:
            connection.execute("begin immediate")
            held = dict(connection.execute("select key, value from meta"))
            wanted = {"format": FORMAT, "lake": self.lake()}
            if held != wanted:
                for table in ("batches", "offsets", "files", "rejects", "hours", "meta"):
                    connection.execute(f"delete from {table}")
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


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=60, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = off")
    connection.executescript(_TABLES)
    return connection


def _insert(connection: sqlite3.Connection, manifest: Manifest) -> None:
    key = (manifest.event, manifest.seq)
    connection.execute(
        "insert into batches values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key,
            manifest.kind,
            manifest.writer,
            manifest.batch,
            manifest.batch_at.isoformat(),
            manifest.accepted,
            manifest.rejected,
            json.dumps(dict(manifest.rejected_by_reason), sort_keys=True),
            sum(file.bytes for file in manifest.files),
            sum(file.bytes for file in manifest.rejected_files),
            sum(file.rows for file in manifest.files),
            sum(file.rows for file in manifest.rejected_files),
            manifest.max_occurred_at.isoformat() if manifest.max_occurred_at else None,
            manifest.rows_with_unknown_fields,
        ),
    )
    connection.executemany(
        "insert into offsets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                *(manifest.event, each.topic, each.partition, manifest.seq, manifest.kind),
                *(each.start, each.end, each.accepted, each.rejected, each.not_data),
            )
            for each in manifest.offsets
        ],
    )
    connection.executemany(
        "insert into rejects values (?, ?, ?, ?, ?)",
        [
            (manifest.event, each.hour, manifest.seq, each.path, each.rows)
            for each in manifest.rejected_files
        ],
    )
    _insert_files(connection, manifest)


def _insert_files(connection: sqlite3.Connection, manifest: Manifest) -> None:
    by_hour: dict[str, list[DataFile]] = {}
    for file in manifest.files:
        by_hour.setdefault(file.hour, []).append(file)
    for hour, files in by_hour.items():
        connection.executemany(
            "insert into files values (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    manifest.event,
                    hour,
                    manifest.seq,
                    each.path,
                    manifest.kind,
                    each.rows,
                    each.bytes,
                )
                for each in files
            ],
        )
        _extend_hour(connection, manifest, hour, files)


def _extend_hour(
    connection: sqlite3.Connection, manifest: Manifest, hour: str, files: list[DataFile]
) -> None:
    """Add the manifest to the hour's numbers; its fingerprint chains the manifests in order."""
    found = connection.execute(
        "select fingerprint from hours where event = ? and hour = ?", (manifest.event, hour)
    ).fetchone()
    chained = f"{found[0] if found else ''}|{manifest.seq}|{manifest.writer}-{manifest.batch}"
    fingerprint = hashlib.blake2b(chained.encode(), digest_size=8).hexdigest()
    rows = sum(file.rows for file in files)
    by_kind = [rows if manifest.kind == kind else 0 for kind in ("stream", "replay", "files")]
    connection.execute(
        "insert into hours values (?, ?, ?, ?, ?, ?, ?) on conflict (event, hour) do update set "
        "fingerprint = excluded.fingerprint, stream = stream + excluded.stream, "
        "replay = replay + excluded.replay, files = files + excluded.files, "
        "bytes = bytes + excluded.bytes",
        (manifest.event, hour, fingerprint, *by_kind, sum(file.bytes for file in files)),
    )
