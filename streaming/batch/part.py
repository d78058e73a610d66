"""A part of a batch file: judged and written as a partition of Kafka's is, then made a manifest."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import MusicFlowError
from contracts.events import CONTRACT_VERSION, EVENTS_BY_NAME
from contracts.manifests import FilePart, Manifest
from contracts.reasons import Reason, written
from contracts.suppression import NOBODY, Suppressions
from streaming.batch.records import Records
from streaming.checkpoint import OffsetRange
from streaming.judge import Judge, Verdict
from streaming.limits import Limits
from streaming.reading import Chunk
from streaming.stopwatch import Stopwatch
from streaming.suppress import Forgotten, SuppressingJudge, without_rejects
from streaming.task import BatchTask, PartitionWriter, TaskFacts

UNNUMBERED = 0
UNREADABLE = [written(Reason.UNREADABLE_RECORD)]
PARTITION = 0
"""A file has one."""


class RecordJudge:
    """Judges records; their rejects keep what the file has, not what it was read as."""

    def __init__(
        self, event_name: str, limits: Limits, suppressions: Suppressions = NOBODY
    ) -> None:
        """Prepare for records of this event, without those of users on the list."""
        self._judge = SuppressingJudge(Judge(EVENTS_BY_NAME[event_name], limits), suppressions)
        self.records: Records | None = None
        """Those that are judged next."""

    def __call__(self, messages: pa.RecordBatch, at: datetime) -> Verdict:
        """As `Judge`; the messages are those of `records`."""
        verdict = self._judge(messages, at)
        rejected = verdict.rejected
        if self.records is None or not rejected.num_rows:
            return verdict
        received = self.records.received_at(rejected["kafka_offset"].to_numpy())
        reasons = [
            UNREADABLE if payload is None else reasons
            for payload, reasons in zip(
                rejected["payload"].to_pylist(), rejected["reasons"].to_pylist(), strict=True
            )
        ]
        unreadable = pc.is_null(rejected["payload"]).to_numpy()
        rejected = _replaced(rejected, "payload", received)
        rejected = _replaced(rejected, "reasons", reasons)
        verdict = replace(verdict, rejected=rejected)
        if self._judge.forgotten is None:
            return verdict
        # The messages did not name them; what is kept may have more than was read of it.
        return without_rejects(verdict, record_names(self._judge.forgotten, received, unreadable))


def record_names(
    forgotten: Forgotten, received: Sequence[bytes], unreadable: np.ndarray
) -> np.ndarray:
    """Which rejected records of a file name one of the forgotten, as they stand in it.

    In what is no record at all any number may be an id.
    """
    as_lines = unreadable & forgotten.records(received)
    named: np.ndarray = forgotten.payloads(received) | as_lines
    return named


def _replaced(rows: pa.Table, name: str, values: Sequence[Any]) -> pa.Table:
    place = rows.schema.get_field_index(name)
    field = rows.schema.field(place)
    return rows.set_column(place, field, pa.array(values, field.type))


class RejectsWriter(PartitionWriter):
    """Writes a part's rejects alone; its rows are for another place."""

    def __init__(self, *begin: Any) -> None:
        """As `PartitionWriter`."""
        super().__init__(*begin)
        self.rows: list[pa.Table] = []
        """The accepted ones."""

    def _keep(self, accepted: pa.Table) -> None:
        self.rows.append(accepted)


@dataclass(frozen=True, slots=True)
class PartTask:
    """Where a part goes, and which it is."""

    lake: str
    event_name: str
    content: str
    """Hash of the file: the writer of its parts."""
    number: int
    name: str
    """What rows say that they were read from."""
    path: str
    start: int
    """Its first line."""
    after: int
    limits: Limits
    buffer_bytes: int
    suppressions: Suppressions = NOBODY

    def land(
        self,
        chunks: Iterable[Records],
        check: Callable[[], None],
        elsewhere: Callable[[int, list[pa.Table], int], None] | None = None,
    ) -> Manifest:
        """Judge and write records; the manifest that makes them count, but for its number.

        What fails leaves nothing.

        Args:
            chunks: The records.
            check: Asked at the end; may raise.
            elsewhere: Takes the accepted rows, between the number of the part and its rejects;
                the lake keeps the rejects alone.

        Raises:
            ConflictError: Another process has landed the part meanwhile.
            UnavailableError: The disk is full, read-only or forbidden.
        """
        at = datetime.now(UTC)
        judge = RecordJudge(self.event_name, self.limits, self.suppressions)
        wanted = OffsetRange(self.name, PARTITION, self.start, self.start)
        begin = RejectsWriter if elsewhere else PartitionWriter
        writer = begin(self._batch(at), wanted, 0, Stopwatch(), judge)
        end = self.start
        try:
            for records in chunks:
                judge.records = records
                writer.write(Chunk(self._messages(records), records.end))
                end = records.end
            facts = writer.finish()
            check()
            if elsewhere and isinstance(writer, RejectsWriter):
                elsewhere(self.number, writer.rows, facts.rejected)
        except MusicFlowError:
            writer.withdraw()
            raise
        return self._manifest(facts, at, end)

    def load(
        self, chunks: Iterable[Records], elsewhere: Callable[[int, list[pa.Table], int], None]
    ) -> None:
        """Hand over the accepted rows again; the lake has all that it is to have."""
        at, rejected = datetime.now(UTC), 0
        rows: list[pa.Table] = []
        judge = RecordJudge(self.event_name, self.limits, self.suppressions)
        for records in chunks:
            verdict = judge(self._messages(records), at)
            rows.append(verdict.accepted)
            rejected += verdict.rejected.num_rows
        elsewhere(self.number, rows, rejected)

    def _batch(self, at: datetime) -> BatchTask:
        return BatchTask(
            lake=self.lake,
            event_name=self.event_name,
            writer=self.content,
            batch=self.number,
            batch_at=at,
            after=self.after,
            run=uuid.uuid4().hex[:8],
            limits=self.limits,
            buffer_bytes=self.buffer_bytes,
            kind="files",
            suppressions=self.suppressions,
        )

    def _messages(self, records: Records) -> pa.RecordBatch:
        count = len(records)
        return pa.record_batch({
            "topic": pa.repeat(pa.scalar(self.name), count),
            "partition": pa.repeat(pa.scalar(PARTITION, pa.int64()), count),
            "offset": pa.array(records.lines.astype(np.int64)),
            "value": records.messages,
        })  # fmt: skip

    def _manifest(self, facts: TaskFacts, at: datetime, end: int) -> Manifest:
        judged = facts.accepted + facts.rejected + facts.suppressed
        part = FilePart(
            name=self.name,
            start=self.start,
            end=end,
            accepted=facts.accepted,
            rejected=facts.rejected,
            not_data=end - self.start - judged,
            suppressed=facts.suppressed,
        )
        return Manifest(
            event=self.event_name,
            seq=UNNUMBERED,
            kind="files",
            writer=self.content,
            batch=self.number,
            batch_at=at,
            committed_at=at,
            contract_version=CONTRACT_VERSION,
            offsets=(),
            accepted=sum(each.rows for each in facts.files),
            rejected=facts.rejected,
            rejected_by_reason=dict(sorted(facts.rejected_by_reason.items())),
            files=facts.files,
            rejected_files=facts.rejected_files,
            min_occurred_at=facts.min_occurred_at,
            max_occurred_at=facts.max_occurred_at,
            rows_with_unknown_fields=facts.rows_with_unknown_fields,
            enrichment_unknown=dict(facts.enrichment_unknown),
            cites=(self.path,),
            part=part,
            suppressed=facts.suppressed,
            suppressions=self.suppressions.number,
        )
