"""Judgement: each message becomes an accepted row or a reject with its reasons, none is lost.

Two paths give one verdict. Everyday messages are read by the column (`plain.py`); all others,
and all that will be rejected, are read one by one (`exact.py`). A verdict depends on the message,
the limits and the batch's time alone, never on the messages around it.
`docs/judgement.md` lists the verdicts on edge cases.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import CONTRACT_VERSION, Event
from contracts.to_arrow import REJECTED_SCHEMA, accepted_schema
from streaming.exact import ExactJudge, Row
from streaming.limits import Limits, Window
from streaming.plain import PlainReader

__all__ = ["Judge", "Limits", "Verdict"]

POSITION = {"topic": pa.string(), "partition": pa.int64(), "offset": pa.int64()}
TIMESTAMP = pa.timestamp("us", tz="UTC")
PIECE_BYTES = 64 * 2**20
"""Larger batches are judged in pieces, so that the memory taken stays bounded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every message of a batch, in order of arrival: in one table or in the other."""

    accepted: pa.Table
    """Columns of `accepted_schema(event)`."""
    rejected: pa.Table
    """Columns of `REJECTED_SCHEMA`."""


@dataclass(frozen=True, slots=True)
class _Accepted:
    """Accepted events without what landing adds, and the rows of the batch they stood in."""

    content: pa.Table
    rows: np.ndarray


@dataclass(frozen=True, slots=True)
class _Rejected:
    """The reasons against rejected messages, and the rows of the batch they stood in."""

    reasons: list[list[str]]
    rows: np.ndarray


class Judge:
    """Judges messages of one event; build it once, use it for many batches."""

    def __init__(self, event: Event, limits: Limits) -> None:
        """Prepare for messages of `event`."""
        self._event = event
        self._limits = limits
        self._plain = PlainReader(event)
        self._exact = ExactJudge(event, limits)
        self._schema = accepted_schema(event)
        self._content = pa.schema(list(self._schema)[: len(event.fields) + 1])

    def __call__(self, messages: pa.RecordBatch, batch_at: datetime) -> Verdict:
        """Judge messages by the time of their batch, as Spark recorded it.

        Args:
            messages: Columns topic (string), partition and offset (integer), value (binary).
            batch_at: Time of the batch, UTC.
        """
        if messages.nbytes > PIECE_BYTES and len(messages) > 1:
            half = len(messages) // 2
            return _together(
                self(messages.slice(0, half), batch_at), self(messages.slice(half), batch_at)
            )
        values = cast("pa.BinaryArray", messages.column("value").cast(pa.binary()))
        accepted, rejected = self._judged(values, Window.of(self._limits, batch_at))
        return Verdict(
            self._landed(accepted, messages, batch_at),
            _as_received(rejected, messages, values, batch_at),
        )

    def _judged(self, values: pa.BinaryArray, window: Window) -> tuple[_Accepted, _Rejected]:
        plain = self._judged_as_plain(values, window)
        left = np.ones(len(values), dtype=bool)
        left[plain.rows] = False
        exact, rejected = self._judged_exactly(values, np.flatnonzero(left), window)
        return _merged(plain, exact), rejected

    def _judged_as_plain(self, values: pa.BinaryArray, window: Window) -> _Accepted:
        """What the fast path accepts."""
        longest = pa.scalar(self._limits.max_event_bytes, pa.int32())
        fits = pc.less_equal(pc.binary_length(values), longest)
        candidates = pc.and_(fits, self._plain.is_plain(values))
        rows = np.flatnonzero(candidates.fill_null(False))  # noqa: FBT003 (pyarrow's signature)
        frame, accepted = self._plain.read(values.take(rows), window)
        return _Accepted(self._content_of(frame), rows[accepted.to_numpy()])

    def _judged_exactly(
        self, values: pa.BinaryArray, rows: np.ndarray, window: Window
    ) -> tuple[_Accepted, _Rejected]:
        """The verdicts of the exact path, on the messages of these rows."""
        findings = [self._exact(each, window) for each in values.take(rows).to_pylist()]
        is_accepted = np.array([not each.reasons for each in findings], dtype=bool)
        content = self._content_of_rows([each.row for each in findings if not each.reasons])
        reasons = [each.reasons for each in findings if each.reasons]
        return _Accepted(content, rows[is_accepted]), _Rejected(reasons, rows[~is_accepted])

    def _content_of(self, frame: pl.DataFrame) -> pa.Table:
        times = [each.name for each in self._event if each.type == "timestamp"]
        columns = frame.with_columns(
            pl.col(times).cast(pl.Datetime("ms", "UTC")),
            unknown_fields=pl.lit(None, dtype=pl.String),
        )
        return columns.to_arrow(compat_level=pl.CompatLevel.newest()).cast(self._content)

    def _content_of_rows(self, rows: list[Row]) -> pa.Table:
        columns = [_column([row[each.name] for row in rows], each) for each in self._content]
        return pa.Table.from_arrays(columns, schema=self._content)

    def _landed(
        self, accepted: _Accepted, messages: pa.RecordBatch, batch_at: datetime
    ) -> pa.Table:
        columns: list[pa.Array | pa.ChunkedArray] = [
            *accepted.content.columns,
            *_positions(messages, accepted.rows),
            pa.repeat(pa.scalar(batch_at, TIMESTAMP), len(accepted.rows)),
        ]
        return pa.Table.from_arrays(columns, schema=self._schema)


def _as_received(
    rejected: _Rejected, messages: pa.RecordBatch, values: pa.BinaryArray, batch_at: datetime
) -> pa.Table:
    count = len(rejected.rows)
    columns: list[pa.Array] = [
        *_positions(messages, rejected.rows),
        values.take(rejected.rows),
        pa.array(rejected.reasons, pa.list_(pa.string())),
        pa.repeat(pa.scalar(batch_at, TIMESTAMP), count),
        pa.repeat(pa.scalar(CONTRACT_VERSION, pa.int64()), count),
    ]
    return pa.Table.from_arrays(columns, schema=REJECTED_SCHEMA)


def _positions(messages: pa.RecordBatch, rows: np.ndarray) -> list[pa.Array]:
    """Where the messages of these rows stood in Kafka: topic, partition, offset."""
    return [messages.column(name).take(rows).cast(kind) for name, kind in POSITION.items()]


def _merged(one: _Accepted, other: _Accepted) -> _Accepted:
    """Both, in order of arrival."""
    if not len(other.rows):
        return one
    rows = np.concatenate([one.rows, other.rows])
    order = np.argsort(rows)
    content = pa.concat_tables([one.content, other.content])
    return _Accepted(content.take(order), rows[order])


def _together(first: Verdict, second: Verdict) -> Verdict:
    return Verdict(
        pa.concat_tables([first.accepted, second.accepted]),
        pa.concat_tables([first.rejected, second.rejected]),
    )


def _column(values: list[object], field: pa.Field) -> pa.Array:
    if pa.types.is_timestamp(field.type):
        milliseconds: pa.Array = pa.array(values, pa.int64())
        return milliseconds.cast(pa.timestamp("ms", tz="UTC")).cast(field.type)
    column: pa.Array = pa.array(values, field.type)
    return column
