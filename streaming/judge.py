"""Judgement: each message becomes an accepted row or a reject with its reasons, none is lost.

Two paths give one verdict. Everyday messages are read by the column (`plain.py`); every other
one, and everything that will be rejected, is read by itself (`exact.py`). A verdict depends on
the message, the limits and the batch's time alone, never on the messages around it.
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
from streaming.plain import PlainReader, derived_ids

__all__ = ["Judge", "Limits", "Verdict"]

POSITION = {"topic": pa.string(), "partition": pa.int64(), "offset": pa.int64()}
TIMESTAMP = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every message of a batch, in order of arrival: in one table or in the other."""

    accepted: pa.Table
    """Columns of `accepted_schema(event)`."""
    rejected: pa.Table
    """Columns of `REJECTED_SCHEMA`."""


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
        window = Window.of(self._limits, batch_at)
        values = cast("pa.BinaryArray", messages.column("value").cast(pa.binary()))
        fast, fast_rows = self._accepted_plain(values, window)
        rest = np.setdiff1d(np.arange(len(values)), fast_rows, assume_unique=True)
        exact, exact_rows, reasons, rejected_rows = self._judged_exactly(values, rest, window)
        rows = np.concatenate([fast_rows, exact_rows])
        content = pa.concat_tables([fast, exact])
        if len(exact_rows):
            order = np.argsort(rows)
            rows, content = rows[order], content.take(order)
        return Verdict(
            self._accepted(content, messages, rows, batch_at),
            _rejected(messages, values, rejected_rows, reasons, batch_at),
        )

    def _accepted_plain(
        self, values: pa.BinaryArray, window: Window
    ) -> tuple[pa.Table, np.ndarray]:
        """What the fast path accepts, and in which rows of the batch that stood."""
        longest = pa.scalar(self._limits.max_event_bytes, pa.int32())
        fits = pc.less_equal(pc.binary_length(values), longest)
        candidates = pc.and_(fits, self._plain.is_plain(values))
        rows = np.flatnonzero(candidates.fill_null(False))  # noqa: FBT003 (pyarrow's signature)
        if not len(rows):
            return self._content.empty_table(), rows
        frame, accepted = self._plain.read(values.filter(candidates), window)
        if not accepted.all():
            frame, rows = frame.filter(accepted), rows[accepted.to_numpy()]
        return self._content_of(self._identified(frame)), rows

    def _identified(self, frame: pl.DataFrame) -> pl.DataFrame:
        absent = frame["event_id"].is_null()
        if not absent.any():
            return frame
        derived = derived_ids(self._event, frame.filter(absent))
        ids = frame["event_id"].scatter(absent.arg_true(), derived)
        return frame.with_columns(ids.alias("event_id"))

    def _judged_exactly(
        self, values: pa.BinaryArray, rows: np.ndarray, window: Window
    ) -> tuple[pa.Table, np.ndarray, list[list[str]], np.ndarray]:
        """Rows accepted one by one and where they stood; reasons of the others, and where."""
        findings = [self._exact(each, window) for each in values.take(rows).to_pylist()]
        is_accepted = np.array([not each.reasons for each in findings], dtype=bool)
        accepted = self._content_of_rows([each.row for each in findings if not each.reasons])
        reasons = [each.reasons for each in findings if each.reasons]
        return accepted, rows[is_accepted], reasons, rows[~is_accepted]

    def _content_of(self, frame: pl.DataFrame) -> pa.Table:
        columns = frame.with_columns(
            *(pl.col(each.name).cast(pl.Datetime("ms", "UTC"))
              for each in self._event if each.type == "timestamp"),
            unknown_fields=pl.lit(None, dtype=pl.String),
        )  # fmt: skip
        return columns.to_arrow(compat_level=pl.CompatLevel.newest()).cast(self._content)

    def _content_of_rows(self, rows: list[Row]) -> pa.Table:
        columns: list[pa.Array] = [
            _column([row[each.name] for row in rows], each) for each in self._content
        ]
        return pa.Table.from_arrays(columns, schema=self._content)

    def _accepted(
        self, content: pa.Table, messages: pa.RecordBatch, rows: np.ndarray, batch_at: datetime
    ) -> pa.Table:
        position = _positions(messages, rows)
        landed_at = pa.repeat(pa.scalar(batch_at, TIMESTAMP), len(rows))
        columns: list[pa.Array | pa.ChunkedArray] = [*content.columns, *position, landed_at]
        return pa.Table.from_arrays(columns, schema=self._schema)


def _column(values: list[str | int | float | bool | None], field: pa.Field) -> pa.Array:
    if pa.types.is_timestamp(field.type):
        milliseconds: pa.Array = pa.array(values, pa.int64())
        return milliseconds.cast(pa.timestamp("ms", tz="UTC")).cast(field.type)
    column: pa.Array = pa.array(values, field.type)
    return column


def _positions(messages: pa.RecordBatch, rows: np.ndarray) -> list[pa.Array]:
    """Where the given rows stood in Kafka: topic, partition, offset."""
    return [messages.column(name).take(rows).cast(kind) for name, kind in POSITION.items()]


def _rejected(
    messages: pa.RecordBatch,
    values: pa.BinaryArray,
    rows: np.ndarray,
    reasons: list[list[str]],
    batch_at: datetime,
) -> pa.Table:
    columns = [
        *_positions(messages, rows),
        values.take(rows),
        pa.array(reasons, pa.list_(pa.string())),
        pa.repeat(pa.scalar(batch_at, TIMESTAMP), len(rows)),
        pa.repeat(pa.scalar(CONTRACT_VERSION, pa.int64()), len(rows)),
    ]
    return pa.Table.from_arrays(columns, schema=REJECTED_SCHEMA)
