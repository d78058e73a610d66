"""The tables of the index of manifests, and what a manifest or an expiry does to them."""
# ruff: noqa: S608  table names cannot be parameters; none is from outside

import hashlib
import json
import sqlite3

from contracts.expiry import Expiry, OffsetSums
from contracts.lake import hour_key
from contracts.manifests import DataFile, Manifest

FORMAT = "4"
NO_EXPIRY = ""
"""Before the name of every hour."""

TABLES = """
create table if not exists meta (key text primary key, value text not null);
create table if not exists batches (
  event text, seq integer, kind text, writer text, batch integer, batch_at text,
  accepted integer, rejected integer, rejected_by_reason text, bytes integer,
  rejected_bytes integer, rows_in_files integer, rejects_in_files integer, newest text,
  unknown_fields integer,
  primary key (event, seq)) without rowid;
create index if not exists batches_by_time on batches (event, batch_at);
create table if not exists measures (
  event text, seq integer, caught_up_until real, seconds real, lag_messages integer,
  lag_seconds real, bytes_in integer, delay_p50_seconds real, delay_p95_seconds real,
  primary key (event, seq)) without rowid;
create index if not exists measures_by_time on measures (event, caught_up_until);
create table if not exists offsets (
  event text, topic text, partition integer, seq integer, kind text, first integer, end integer,
  accepted integer, rejected integer, not_data integer, missing integer,
  primary key (event, topic, partition, seq)) without rowid;
create index if not exists offsets_by_manifest on offsets (event, seq);
create table if not exists gaps (
  event text, seq integer, topic text, partition integer, lake_end integer, resumes_at integer,
  cause text, accepted_by text, accepted_at text,
  primary key (event, topic, partition, seq)) without rowid;
create table if not exists files (
  event text, hour text, seq integer, path text, kind text, rows integer, bytes integer,
  primary key (event, hour, seq, path)) without rowid;
create index if not exists files_by_manifest on files (event, seq);
create table if not exists rejects (
  event text, hour text, seq integer, path text, rows integer,
  primary key (event, hour, seq, path)) without rowid;
create index if not exists rejects_by_manifest on rejects (event, seq);
create table if not exists hours (
  event text, hour text, fingerprint text, stream integer, replay integer, files integer,
  bytes integer, primary key (event, hour)) without rowid;
create table if not exists expiries (
  event text primary key, number integer, before text, seq integer) without rowid;
create table if not exists settled (
  until text, warehouse text, publication integer, rules text);
"""
BY_MANIFEST = ("batches", "measures", "offsets", "gaps")
BY_HOUR = ("files", "rejects", "hours")
ALL = (*BY_MANIFEST, *BY_HOUR, "expiries", "settled", "meta")


def expire(connection: sqlite3.Connection, expiry: Expiry) -> None:
    """Forget what has expired; its sums stand as one batch at the end of what is forgotten."""
    for table in BY_MANIFEST:
        connection.execute(
            f"delete from {table} where event = ? and seq <= ?", (expiry.event, expiry.seq)
        )
    for table in BY_HOUR:
        connection.execute(
            f"delete from {table} where event = ? and hour < ?",
            (expiry.event, hour_key(expiry.before)),
        )
    connection.execute(
        "insert or replace into expiries values (?, ?, ?, ?)",
        (expiry.event, expiry.number, hour_key(expiry.before), expiry.seq),
    )
    if expiry.seq:
        _insert_sums(connection, expiry)


def insert(connection: sqlite3.Connection, manifest: Manifest, before: str) -> None:
    """Add a manifest; its files of hours named `before` this one have expired."""
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
        _OFFSETS,
        [
            (
                *(manifest.event, each.topic, each.partition, manifest.seq, manifest.kind),
                *(each.start, each.end, each.accepted, each.rejected, each.not_data),
                each.missing,
            )
            for each in manifest.offsets
        ],
    )
    _insert_gap(connection, manifest)
    _insert_measures(connection, manifest)
    connection.executemany(
        "insert into rejects values (?, ?, ?, ?, ?)",
        [
            (manifest.event, each.hour, manifest.seq, each.path, each.rows)
            for each in manifest.rejected_files
            if each.hour >= before
        ],
    )
    _insert_files(connection, manifest, before)


_OFFSETS = "insert into offsets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GAP = "insert or replace into gaps values (?, ?, ?, ?, ?, ?, ?, ?, ?)"


def _insert_gap(connection: sqlite3.Connection, manifest: Manifest) -> None:
    if manifest.gap is None:
        return
    at, by = manifest.committed_at.isoformat(), manifest.gap.accepted_by
    for hole in manifest.gap.holes:
        place = (manifest.event, manifest.seq, hole.topic, hole.partition)
        connection.execute(_GAP, (*place, hole.lake_end, hole.resumes_at, hole.cause, by, at))
        if hole.cause == "gone":
            # If the partition is back one day, nothing before it has to be continued.
            key = (manifest.event, hole.topic, hole.partition, manifest.seq, manifest.kind)
            connection.execute(_OFFSETS, (*key, None, None, 0, 0, 0, 0))


def _insert_measures(connection: sqlite3.Connection, manifest: Manifest) -> None:
    measures = manifest.measures
    if measures is None:
        return
    committed, lag = manifest.committed_at.timestamp(), measures.lag_seconds
    connection.execute(
        "insert into measures values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(manifest.event, manifest.seq, None if lag is None else committed - lag),
            *(sum(measures.seconds.values()), measures.lag_messages, lag, measures.bytes_in),
            *(measures.delay_p50_seconds, measures.delay_p95_seconds),
        ),
    )


def _insert_sums(connection: sqlite3.Connection, expiry: Expiry) -> None:
    connection.execute(
        "insert into batches values (?, ?, 'expired', '', 0, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?)",
        (
            *(expiry.event, expiry.seq, expiry.before.isoformat()),
            *(expiry.accepted, expiry.rejected),
            json.dumps(dict(expiry.rejected_by_reason), sort_keys=True),
            *(expiry.accepted, expiry.rejected),
            expiry.max_occurred_at.isoformat() if expiry.max_occurred_at else None,
            expiry.rows_with_unknown_fields,
        ),
    )
    connection.executemany(
        _OFFSETS,
        [_sums(expiry, each, number) for number, each in enumerate(expiry.offsets, start=1)],
    )
    for each in expiry.gaps:
        at, by = each.committed_at.isoformat(), each.gap.accepted_by
        for hole in each.gap.holes:
            place = (expiry.event, each.seq, hole.topic, hole.partition)
            connection.execute(_GAP, (*place, hole.lake_end, hole.resumes_at, hole.cause, by, at))


def _sums(expiry: Expiry, sums: OffsetSums, number: int) -> tuple[object, ...]:
    """A row of `offsets`; what no batch continues any more gets a number below all others."""
    seq = -number if sums.is_over else expiry.seq
    return (
        *(expiry.event, sums.topic, sums.partition, seq, "expired", sums.start, sums.end),
        *(sums.accepted, sums.rejected, sums.not_data, sums.missing),
    )


def _insert_files(connection: sqlite3.Connection, manifest: Manifest, before: str) -> None:
    by_hour: dict[str, list[DataFile]] = {}
    for file in manifest.files:
        if file.hour >= before:
            by_hour.setdefault(file.hour, []).append(file)
    for hour, files in by_hour.items():
        connection.executemany(
            "insert into files values (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    *(manifest.event, hour, manifest.seq, each.path, manifest.kind),
                    *(each.rows, each.bytes),
                )
                for each in files
            ],
        )
        _extend_hour(connection, manifest, hour, files)
    # What lands in an hour that was settled unsettles all from there on.
    connection.execute("update settled set until = min(until, ?)", (min(by_hour, default="9"),))


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
