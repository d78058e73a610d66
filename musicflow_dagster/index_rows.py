"""Manifests on their way into the index: as rows of its tables, some hundreds at a time."""

import hashlib
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from contracts.lake import is_of_rejects
from contracts.manifests import DataFile, Manifest

AT_ONCE = 500
"""Manifests that are written together."""
_REPLACED = frozenset({"gaps", "hours"})
"""Tables whose rows are replaced by newer ones; of the others, each row is new."""
_TEXT = msgspec.json.Encoder(order="sorted")


def insert(
    connection: sqlite3.Connection, event: str, manifests: Iterable[Manifest], before: str
) -> None:
    """Add the next manifests of an event; files of hours named `before` this one have expired."""
    rows = _Rows(connection, event, before)
    for number, manifest in enumerate(manifests, start=1):
        rows.add(manifest)
        if number % AT_ONCE == 0:
            rows.write()
    rows.write()


@dataclass(slots=True)
class _Hour:
    """What manifests brought to an hour; the fingerprint chains them in order."""

    fingerprint: str = ""
    stream: int = 0
    replay: int = 0
    files: int = 0
    bytes: int = 0
    erased: int = 0

    def extend(self, manifest: Manifest, files: list[DataFile]) -> None:
        """Add what `manifest` brought."""
        self._chain(manifest)
        rows = sum(file.rows for file in files)
        setattr(self, manifest.kind, getattr(self, manifest.kind) + rows)
        self.bytes += sum(file.bytes for file in files)

    def erase(self, manifest: Manifest, rows: int) -> None:
        """Note that `rows` of what others brought were erased by `manifest`: another content."""
        self._chain(manifest)
        self.erased += rows

    def _chain(self, manifest: Manifest) -> None:
        chained = f"{self.fingerprint}|{manifest.seq}|{manifest.writer}-{manifest.batch}"
        self.fingerprint = hashlib.blake2b(chained.encode(), digest_size=8).hexdigest()


class _Rows:
    """The rows of manifests that were not written yet."""

    def __init__(self, connection: sqlite3.Connection, event: str, before: str) -> None:
        self._connection, self._event, self._before = connection, event, before
        self._rows: dict[str, list[tuple[object, ...]]] = defaultdict(list)
        self._hours: dict[str, _Hour] = {}

    def add(self, manifest: Manifest) -> None:
        self._rows["batches"].append(_batch(manifest))
        self._rows["offsets"] += [
            (
                *(self._event, each.topic, each.partition, manifest.seq, manifest.kind),
                *(each.start, each.end, each.accepted, each.rejected, each.not_data),
                *(each.missing, each.suppressed),
            )
            for each in manifest.offsets
        ]
        self._add_gap(manifest)
        self._add_measures(manifest)
        self._rows["rejects"] += [
            (self._event, each.hour, manifest.seq, each.path, each.rows)
            for each in manifest.rejected_files
            if each.hour >= self._before
        ]
        self._add_files(manifest)
        self._add_erased(manifest)

    def write(self) -> None:
        # What lands in an hour that was settled unsettles all from there on.
        first = min(self._hours, default="9")
        self._connection.execute("update settled set until = min(until, ?)", (first,))
        for hour, each in self._hours.items():
            counts = (each.stream, each.replay, each.files, each.bytes, each.erased)
            self._rows["hours"].append((self._event, hour, each.fingerprint, *counts))
        for table, rows in self._rows.items():
            if rows:
                insert_rows(self._connection, table, rows)
        self._rows.clear()
        self._hours.clear()

    def _add_gap(self, manifest: Manifest) -> None:
        if manifest.gap is None:
            return
        at, by = manifest.committed_at.isoformat(), manifest.gap.accepted_by
        for hole in manifest.gap.holes:
            place = (self._event, manifest.seq, hole.topic, hole.partition)
            ends = (hole.lake_end, hole.resumes_at)
            self._rows["gaps"].append((*place, *ends, hole.cause, by, at))
            if hole.cause == "gone":
                # If the partition is back one day, nothing before it has to be continued.
                key = (self._event, hole.topic, hole.partition, manifest.seq, manifest.kind)
                self._rows["offsets"].append((*key, None, None, 0, 0, 0, 0, 0))

    def _add_measures(self, manifest: Manifest) -> None:
        measures = manifest.measures
        if measures is None:
            return
        committed, lag = manifest.committed_at.timestamp(), measures.lag_seconds
        self._rows["measures"].append(
            (
                *(self._event, manifest.seq, None if lag is None else committed - lag),
                *(sum(measures.seconds.values()), measures.lag_messages, lag, measures.bytes_in),
                *(measures.delay_p50_seconds, measures.delay_p95_seconds),
            )
        )

    def _add_files(self, manifest: Manifest) -> None:
        by_hour: dict[str, list[DataFile]] = {}
        for file in manifest.files:
            if file.hour >= self._before:
                by_hour.setdefault(file.hour, []).append(file)
        for hour, files in by_hour.items():
            self._rows["files"] += [
                (self._event, hour, manifest.seq, each.path, manifest.kind, each.rows, each.bytes)
                for each in files
            ]
            self._hour(hour).extend(manifest, files)

    def _add_erased(self, manifest: Manifest) -> None:
        """Rows taken out of files; hours that lose accepted rows are others from then on."""
        by_hour: Counter[str] = Counter()
        for each in manifest.erased:
            if each.hour >= self._before:
                place = (self._event, each.hour, manifest.seq, each.path, each.rows)
                self._rows["erasures"].append(place)
                if not is_of_rejects(each.path):
                    by_hour[each.hour] += each.rows
        for hour, rows in by_hour.items():
            self._hour(hour).erase(manifest, rows)

    def _hour(self, hour: str) -> _Hour:
        """The hour as it stands, with what was not written yet."""
        if hour not in self._hours:
            found = self._connection.execute(
                "select fingerprint, stream, replay, files, bytes, erased from hours "
                "where event = ? and hour = ?",
                (self._event, hour),
            ).fetchone()
            self._hours[hour] = _Hour(*found) if found else _Hour()
        return self._hours[hour]


def insert_rows(connection: sqlite3.Connection, table: str, rows: list[tuple[object, ...]]) -> None:
    """Insert `rows`, which have all columns of `table`."""
    verb = "insert or replace" if table in _REPLACED else "insert"
    places = ", ".join("?" * len(rows[0]))
    connection.executemany(f"{verb} into {table} values ({places})", rows)


def _batch(manifest: Manifest) -> tuple[object, ...]:
    return (
        manifest.event,
        manifest.seq,
        manifest.kind,
        manifest.writer,
        manifest.batch,
        manifest.batch_at.isoformat(),
        manifest.accepted,
        manifest.rejected,
        _TEXT.encode(manifest.rejected_by_reason).decode(),
        sum(file.bytes for file in manifest.files),
        sum(file.bytes for file in manifest.rejected_files),
        sum(file.rows for file in manifest.files),
        sum(file.rows for file in manifest.rejected_files),
        manifest.max_occurred_at.isoformat() if manifest.max_occurred_at else None,
        manifest.rows_with_unknown_fields,
    )
