"""Loading accepted rows into the serving database: a batch is loaded once, whole or not at all."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import psycopg
import pyarrow as pa

from contracts.errors import UnavailableError
from contracts.logs import log
from contracts.suppression import SuppressionList
from streaming.serving.merge import STAGE, Merged, merge, take_turn
from streaming.serving.rows import copied

ROWS_AT_ONCE = 50_000
LATENESS = timedelta(minutes=5)
"""How long before the newest minute another is final, unless it is set."""


@dataclass(frozen=True, slots=True)
class LoadedBatch:
    """Which batch it is: loaded once, however often it is brought."""

    writer: str
    """Id of a checkpoint, or a hash of the content."""
    batch: int
    kind: Literal["stream", "files"] = "files"
    rejected: int = 0
    """Messages or records beside it that broke the contract."""
    suppressions: int = 0
    """Number of the suppression list that was applied to its rows."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of a batch."""

    events: int
    inserted: int
    last_ts: datetime | None = None
    """Time of the newest that was inserted."""
    was_loaded: bool = False
    """It is on record: nothing was done, and the numbers are those of then."""

    @property
    def duplicates(self) -> int:
        """Events whose id stood already."""
        return self.events - self.inserted


def load_rows(
    connection: psycopg.Connection,
    batch: LoadedBatch,
    tables: Iterable[pa.Table],
    lateness: timedelta = LATENESS,
    forgotten: SuppressionList | None = None,
) -> Loaded:
    """Load rows of `music_events` in one transaction: events, metrics, and the batch's record.

    Keep a batch to some 100,000 rows: other writers wait for its end.

    Args:
        connection: To a database whose schema is ready (`migrate.ready_connection`).
        batch: Which batch it is.
        tables: Its rows, with the columns of `accepted_schema(MUSIC_EVENTS)`.
        lateness: How long before the newest minute another is final.
        forgotten: The users who are left out.

    Raises:
        psycopg.Error: The server did not do it; nothing of it stands.
    """
    run = f"{batch.kind}-{uuid.uuid4().hex}"
    with connection.transaction():
        count = stage(connection, run, tables)
        return commit(connection, {run: count}, batch, lateness, forgotten)


def stage(connection: psycopg.Connection, run: str, tables: Iterable[pa.Table]) -> int:
    """Copy rows to the staging table as those of `run`; how many."""
    count = 0
    with connection.cursor() as cursor, cursor.copy(STAGE) as copy:
        for table in tables:
            for start in range(0, table.num_rows, ROWS_AT_ONCE):
                copy.write(copied(table.slice(start, ROWS_AT_ONCE), run))
            count += table.num_rows
    return count


def commit(
    connection: psycopg.Connection,
    staged: Mapping[str, int],
    batch: LoadedBatch,
    lateness: timedelta,
    forgotten: SuppressionList | None = None,
) -> Loaded:
    """Make what is staged the batch, within the caller's transaction.

    Args:
        connection: In a transaction.
        staged: How many rows were staged, by run.
        batch: Which batch it is.
        lateness: How long before the newest minute another is final.
        forgotten: The users who are left out, also if it is since the rows were staged.

    Raises:
        UnavailableError: The server has lost some of them: the staging table is empty after it
            crashed.
    """
    take_turn(connection)
    runs = list(staged)
    if (known := _on_record(connection, batch)) is not None:
        connection.execute("delete from staging_events where run = any(%s)", [runs])
        log.info("batch was loaded before", writer=batch.writer, batch=batch.batch)
        return known
    # In turn with an erasure: either it removes these rows, or its user is on the list by now.
    left_out = _leave_out(connection, runs, batch, forgotten) if forgotten else 0
    merged = merge(connection, runs, lateness)
    if merged.events != (expected := sum(staged.values()) - left_out):
        raise UnavailableError(
            f"Postgres has {merged.events} of {expected} rows that were staged: it has crashed "
            "meanwhile, or another landing job loads into it"
        )
    _record(connection, batch, merged)
    return Loaded(merged.events, merged.inserted, merged.last_ts)


def _leave_out(
    connection: psycopg.Connection,
    runs: list[str],
    batch: LoadedBatch,
    forgotten: SuppressionList,
) -> int:
    """Remove staged rows of users who are on the list since they were staged; how many."""
    if (suppressions := forgotten.read()).number <= batch.suppressions:
        return 0
    staged = connection.execute(
        "select distinct user_id from staging_events where run = any(%s)", [runs]
    ).fetchall()
    if not (them := suppressions.among(user for (user,) in staged)):
        return 0
    return connection.execute(
        "delete from staging_events where run = any(%s) and user_id = any(%s)", [runs, list(them)]
    ).rowcount


def is_on_record(connection: psycopg.Connection, writer: str, batch: int) -> bool:
    """Whether the batch is loaded."""
    return _on_record(connection, LoadedBatch(writer, batch)) is not None


def _on_record(connection: psycopg.Connection, batch: LoadedBatch) -> Loaded | None:
    row = connection.execute(
        "select events, inserted, last_ts from serving_batches where writer = %s and batch = %s",
        [batch.writer, batch.batch],
    ).fetchone()
    return Loaded(row[0], row[1], row[2], was_loaded=True) if row else None


def _record(connection: psycopg.Connection, batch: LoadedBatch, merged: Merged) -> None:
    connection.execute(
        "insert into serving_batches (writer, batch, kind, events, inserted, duplicates, rejected, "
        "first_ts, last_ts, committed_at) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp())",
        [batch.writer, batch.batch, batch.kind, merged.events, merged.inserted,
         merged.events - merged.inserted, batch.rejected, merged.first_ts, merged.last_ts],
    )  # fmt: skip
