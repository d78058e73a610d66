"""The tables of the index of manifests, and what an expiry does to them."""
# ruff: noqa: S608  table names cannot be parameters; none is from outside

import json
import sqlite3

from contracts.expiry import Expiry, OffsetSums
from contracts.lake import hour_key

FORMAT = "5"
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
  accepted integer, rejected integer, not_data integer, missing integer, suppressed integer,
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
create table if not exists erasures (
  event text, hour text, seq integer, path text, rows integer,
  primary key (event, hour, path, seq)) without rowid;
create table if not exists hours (
  event text, hour text, fingerprint text, stream integer, replay integer, files integer,
  bytes integer, erased integer, primary key (event, hour)) without rowid;
create table if not exists expiries (
  event text primary key, number integer, before text, seq integer) without rowid;
create table if not exists settled (
  until text, warehouse text, publication integer, rules text);
"""
BY_MANIFEST = ("batches", "measures", "offsets", "gaps")
BY_HOUR = ("files", "rejects", "erasures", "hours")
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


_OFFSETS = "insert into offsets values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_GAP = "insert or replace into gaps values (?, ?, ?, ?, ?, ?, ?, ?, ?)"


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
        *(sums.accepted, sums.rejected, sums.not_data, sums.missing, sums.suppressed),
    )
