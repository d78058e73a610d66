"""Counts of the last minutes, kept in the lake for readers that have no Postgres.

They are what `minute_metrics` is there (`serving.py`), of fewer minutes: what comes after a minute
is final no longer counts. Landing replaces them whole every few seconds (`MUSICFLOW_LIVE`).
"""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import LakeError
from contracts.events import MUSIC_EVENTS
from contracts.lake import live_path
from contracts.store import Store

COUNTS_SCHEMA: dict[str, pl.DataType] = {
    "window_start": pl.Datetime("us", "UTC"),
    "event_type": pl.String(),
    "region": pl.String(),
    "events": pl.Int64(),
    "users": pl.Int64(),
    "is_final": pl.Boolean(),
}
"""Columns of the counts, each as `minute_metrics` has it, sorted by the first three."""
_UPDATED = b"updated_at"


@dataclass(frozen=True, slots=True)
class LiveCounts:
    """The counts as they were at `updated_at`, UTC."""

    counts: pl.DataFrame
    updated_at: datetime


def read_live(store: Store) -> LiveCounts | None:
    """The counts, or None where none are kept.

    Raises:
        LakeError: They cannot be read.
    """
    path = live_path(MUSIC_EVENTS.name)
    if not store.exists(path):
        return None
    try:
        table = pq.read_table(BytesIO(store.read(path)))
        updated_at = datetime.fromisoformat((table.schema.metadata or {})[_UPDATED].decode())
        counts = pl.DataFrame(table).select(list(COUNTS_SCHEMA))
    except (pa.ArrowException, pl.exceptions.PolarsError, KeyError, ValueError) as error:
        raise LakeError(f"the live counts {path} cannot be read: {error}") from error
    return LiveCounts(counts, updated_at)


def write_live(store: Store, live: LiveCounts) -> None:
    """Replace the counts; a reader sees the old ones or these."""
    metadata = {_UPDATED: live.updated_at.isoformat().encode()}
    table = live.counts.select(list(COUNTS_SCHEMA)).to_arrow().replace_schema_metadata(metadata)
    written = BytesIO()
    pq.write_table(table, written, compression="zstd")
    store.put(live_path(MUSIC_EVENTS.name), written.getvalue())
