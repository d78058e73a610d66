"""Judgement: each message becomes an accepted row or a reject with its reasons, none is lost.

Two paths give one verdict. Everyday messages are read by the column (`plain.py`), and where they
are oddly written in numbers, tidied first (`tidy.py`); all others, and all that will be rejected,
are read one by one (`exact.py`). A verdict depends on the message,
the limits and the batch's time alone, never on the messages around it.
`docs/judgement.md` lists the verdicts on edge cases.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import CONTRACT_VERSION, Event
from contracts.to_arrow import REJECTED_SCHEMA, accepted_schema
from streaming.enrich import derived_columns
from streaming.exact import ExactJudge, Finding
from streaming.identity import with_ids
from streaming.limits import Limits, Window
from streaming.plain import PLAIN_TYPES, PlainReader
from streaming.tidy import TidyReader

__all__ = ["Judge", "Limits", "Verdict"]

POSITION = {"topic": pa.string(), "partition": pa.int64(), "offset": pa.int64()}
Taken = TypeVar("Taken", pa.BinaryArray, pa.RecordBatch)
TIMESTAMP = pa.timestamp("us", tz="UTC")
MANY = 200
"""Fewer messages than this are not worth a second look by the column."""
PIECE_BYTES = 64 * 2**20
"""Larger batches are judged in pieces, so that the memory taken stays bounded."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every message of a batch, in order of arrival: in one table or in the other."""

    accepted: pa.Table
    """Columns of `accepted_schema(event)`."""
    rejected: pa.Table
    """Columns of `REJECTED_SCHEMA`."""
    suppressed: int = 0
    """Messages in neither, because their user is forgotten (`suppress.py`)."""


class Judge:
    """Judges messages of one event; build it once, use it for many batches."""

    def __init__(self, event: Event, limits: Limits) -> None:
        """Prepare for messages of `event`."""
        self._event = event
        self._limits = limits
        self._plain = PlainReader(event)
        self._tidy = TidyReader(event)
        self._exact = ExactJudge(event, limits)
        self._schema = accepted_schema(event)
        own = [self._schema.field(each.name) for each in event]
        self._content = pa.schema([*own, self._schema.field("unknown_fields")])
        self._read: dict[str, type[pl.DataType]] = {
            each.name: PLAIN_TYPES[each.type] for each in event
        } | {"unknown_fields": pl.String}

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
        return self._judged(messages, batch_at)

    def _judged(self, messages: pa.RecordBatch, batch_at: datetime) -> Verdict:
        window = Window.of(self._limits, batch_at)
        values = cast("pa.BinaryArray", messages.column("value").cast(pa.binary()))
        plain, rows = self._accepted_as_plain(values, window)
        others = np.setdiff1d(np.arange(len(values)), rows, assume_unique=True)
        if len(others) >= MANY:
            tidy, tidy_rows = self._accepted_when_tidy(values, others, window)
            plain, rows = _merged(plain, rows, tidy, tidy_rows)
            others = np.setdiff1d(others, tidy_rows, assume_unique=True)
        findings = [self._exact(each, window) for each in values.take(others).to_pylist()]
        is_accepted = np.array([not each.reasons for each in findings], dtype=bool)
        exact = self._frame_of([each for each in findings if not each.reasons])
        reasons = [each.reasons for each in findings if each.reasons]
        accepted, rows = _merged(plain, rows, exact, others[is_accepted])
        return Verdict(
            self._landed(accepted, _taken(messages.select(list(POSITION)), rows), batch_at),
            _as_received(messages.take(others[~is_accepted]), reasons, batch_at),
        )

    def _accepted_as_plain(
        self, values: pa.BinaryArray, window: Window
    ) -> tuple[pl.DataFrame, np.ndarray]:
        """What the fast path accepts, and where in the batch it stood."""
        longest = pa.scalar(self._limits.max_event_bytes, pa.int32())
        fits = pc.less_equal(pc.binary_length(values), longest)
        candidates = pc.and_(fits, self._plain.is_plain(values))
        rows = np.flatnonzero(candidates.fill_null(False))  # noqa: FBT003 (pyarrow's signature)
        frame, accepted = self._plain.read(_taken(values, rows), window)
        return frame, rows[accepted.to_numpy()]

    def _accepted_when_tidy(
        self, values: pa.BinaryArray, others: np.ndarray, window: Window
    ) -> tuple[pl.DataFrame, np.ndarray]:
        """What of the others is accepted at a second look, and where in the batch it stood."""
        messages = values.take(others)
        lengths = pc.binary_length(messages).fill_null(self._limits.max_event_bytes + 1)
        fits = np.flatnonzero(lengths.to_numpy() <= self._limits.max_event_bytes)
        frame, rows = self._tidy.read(messages.take(fits), window)
        return frame, others[fits[rows]]

    def _frame_of(self, findings: list[Finding]) -> pl.DataFrame:
        """Accepted messages of the exact path, in the fast path's form."""
        rows = [(*each.values, each.unknown_fields) for each in findings]
        return pl.DataFrame(rows, schema=self._read, orient="row")

    def _landed(
        self, accepted: pl.DataFrame, messages: pa.RecordBatch, batch_at: datetime
    ) -> pa.Table:
        """Accepted rows as the lake keeps them."""
        times = [each.name for each in self._event if each.type == "timestamp"]
        content = (
            with_ids(self._event, accepted)
            .with_columns(pl.col(times).cast(pl.Datetime("ms", "UTC")))
            .to_arrow(compat_level=pl.CompatLevel.newest())
            .cast(self._content)
        )
        columns: list[pa.Array | pa.ChunkedArray] = [
            *content.columns[:-1],
            *derived_columns(self._event, content),
            content["unknown_fields"],
            *_positions(messages),
            pa.repeat(pa.scalar(batch_at, TIMESTAMP), len(messages)),
        ]
        return pa.Table.from_arrays(columns, schema=self._schema)


def _as_received(
    messages: pa.RecordBatch, reasons: list[list[str]], batch_at: datetime
) -> pa.Table:
    """Rejected messages with the reasons against them."""
    columns: list[pa.Array] = [
        *_positions(messages),
        messages.column("value").cast(pa.binary()),
        pa.array(reasons, pa.list_(pa.string())),
        pa.repeat(pa.scalar(batch_at, TIMESTAMP), len(messages)),
        pa.repeat(pa.scalar(CONTRACT_VERSION, pa.int64()), len(messages)),
    ]
    return pa.Table.from_arrays(columns, schema=REJECTED_SCHEMA)


def _positions(messages: pa.RecordBatch) -> list[pa.Array]:
    """Where messages stood in Kafka: topic, partition, offset."""
    return [messages.column(name).cast(kind) for name, kind in POSITION.items()]


def _taken(all_of_them: Taken, rows: np.ndarray) -> Taken:
    """These rows; mostly they are all, and nothing is copied."""
    return all_of_them if len(rows) == len(all_of_them) else all_of_them.take(rows)


def _merged(
    one: pl.DataFrame, rows: np.ndarray, other: pl.DataFrame, other_rows: np.ndarray
) -> tuple[pl.DataFrame, np.ndarray]:
    """Both frames in order of arrival, and where in the batch their messages stood."""
    if other.is_empty():
        return one, rows
    together = np.concatenate([rows, other_rows])
    order = np.argsort(together)
    return pl.concat([one, other])[order], together[order]


def _together(first: Verdict, second: Verdict) -> Verdict:
    return Verdict(
        pa.concat_tables([first.accepted, second.accepted]),
        pa.concat_tables([first.rejected, second.rejected]),
    )
