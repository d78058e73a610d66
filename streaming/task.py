"""One Kafka partition of one batch is judged and written; it runs on Spark's workers.

Only facts go back to the driver; rows go straight from Kafka's bytes to Parquet.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import ConflictError, LakeError
from contracts.events import EVENTS_BY_NAME
from contracts.lake import batch_folder, hour_folder, hour_key, hour_of, rejected_folder
from contracts.manifests import BatchKind, DataFile
from contracts.store import open_store
from contracts.suppression import NOBODY, Suppressions
from streaming.attempts import Attempt, note, note_path
from streaming.checkpoint import OffsetRange
from streaming.delays import Delays, delays_of, merged
from streaming.judge import Judge, Verdict
from streaming.limits import Limits
from streaming.parquet import TaskFiles
from streaming.reading import Chunk
from streaming.stopwatch import Stopwatch
from streaming.suppress import JudgeMessages, SuppressingJudge

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR_US = 3_600_000_000


@dataclass(frozen=True, slots=True)
class BatchTask:
    """What each task of a batch must know; it travels to the workers."""

    lake: str
    event_name: str
    writer: str
    batch: int
    batch_at: datetime
    after: int
    """Number of the stream manifest that the batch continues."""
    run: str
    """Names this attempt of the batch, so that no two ever write to the same file."""
    limits: Limits
    buffer_bytes: int
    kind: BatchKind = "stream"
    suppressions: Suppressions = NOBODY

    def attempt(self, files: Sequence[str]) -> Attempt:
        """The note of a task that is about to write these files."""
        return Attempt(self.after, tuple(files), self.kind, self.suppressions.number)


@dataclass(slots=True)
class TaskFacts:
    """What became of one Kafka partition's messages in one batch."""

    partition: int
    start: int
    end: int
    """All offsets from `start` to before `end` were read."""
    accepted: int = 0
    rejected: int = 0
    suppressed: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    files: tuple[DataFile, ...] = ()
    rejected_files: tuple[DataFile, ...] = ()
    min_occurred_at: datetime | None = None
    max_occurred_at: datetime | None = None
    rows_with_unknown_fields: int = 0
    enrichment_unknown: dict[str, int] = field(default_factory=dict)
    bytes_in: int = 0
    delays: Delays = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


def land_partition(
    task: BatchTask, wanted: OffsetRange, chunks: Iterable[Chunk], attempt: int
) -> TaskFacts:
    """Judge and write one partition's messages.

    Args:
        task: The batch.
        wanted: The partition, and its offsets in the batch.
        chunks: Its messages, in order.
        attempt: How often Spark tried this task before.
    """
    writer = PartitionWriter(task, wanted, attempt, Stopwatch())
    try:
        for chunk in chunks:
            writer.write(chunk)
        return writer.finish()
    finally:
        writer.files.abandon()


class PartitionWriter:
    """Judges chunks of one partition's messages, writes them and keeps the count."""

    def __init__(
        self,
        task: BatchTask,
        wanted: OffsetRange,
        attempt: int,
        clock: Stopwatch,
        judge: JudgeMessages | None = None,
    ) -> None:
        """Begin a partition of the batch `task`; `clock` runs since before it is read."""
        self._task = task
        self._clock = clock
        self._facts = TaskFacts(wanted.partition, wanted.start, wanted.start)
        self._reasons: Counter[str] = Counter()
        self._judge = judge or SuppressingJudge(
            Judge(EVENTS_BY_NAME[task.event_name], task.limits), task.suppressions
        )
        self._name = f"p{wanted.partition}-{task.run}-{attempt}"
        self._store = store = open_store(task.lake)
        self._note = note_path(task.event_name, task.writer, task.batch, self._name)
        self.files = TaskFiles(
            store,
            lambda files: note(store, self._note, task.attempt(files)),
            task.buffer_bytes,
        )
        self._rejects = self._path(rejected_folder(task.event_name, hour_of(task.batch_at)))

    def write(self, chunk: Chunk) -> None:
        """Judge a chunk and add its rows to their files."""
        self._facts.end = chunk.end
        messages = chunk.messages
        if not messages.num_rows:
            return
        self._clock.lap("read")
        verdict = self._judge(messages, self._task.batch_at)
        judged = verdict.accepted.num_rows + verdict.rejected.num_rows + verdict.suppressed
        if judged != messages.num_rows:
            raise LakeError("the judgement lost or doubled messages: nothing of it was committed")
        self._count(verdict, messages)
        self._clock.lap("judge")
        self._keep(verdict.accepted)
        if verdict.rejected.num_rows:
            self.files.add(self._rejects, hour_key(self._task.batch_at), verdict.rejected)
        self._clock.lap("write")

    def finish(self) -> TaskFacts:
        """Close the files; what became of the partition.

        Raises:
            ConflictError: The batch was decided without this task; its files are gone.
        """
        self._clock.lap("read")
        written = self.files.finish()
        if written:
            self._check_noted(written)
        self._clock.lap("write")
        self._facts.seconds = self._clock.seconds
        self._facts.files = tuple(each for each in written if each.path != self._rejects)
        self._facts.rejected_files = tuple(each for each in written if each.path == self._rejects)
        self._facts.rejected_by_reason = dict(self._reasons)
        return self._facts

    def withdraw(self) -> None:
        """Let go of the partition, and remove what was written of it: it will not be committed."""
        self.files.abandon()
        for path in self.files.paths:
            self._store.delete(path)
        self._store.delete(self._note)

    def _keep(self, accepted: pa.Table) -> None:
        """Add rows to the files of their hours."""
        for hour, rows in by_hour(accepted):
            folder = hour_folder(self._task.event_name, hour)
            self.files.add(self._path(folder), hour_key(hour), rows)

    def _check_noted(self, written: Sequence[DataFile]) -> None:
        """A task that outlived its driver, or slept, may have written after others cleaned.

        Raises:
            ConflictError: Its note is gone, so nobody else knows of these files.
        """
        if self._store.exists(self._note):
            return
        for file in written:
            self._store.delete(file.path)
        raise ConflictError(
            f"{self._task.event_name}: batch {self._task.batch} was landed by another writer "
            "while a task of ours slept: two landing jobs write to this lake; stop one of them"
        )

    def _path(self, folder: str) -> str:
        batch = batch_folder(self._task.writer, self._task.batch)
        return f"{folder}/{batch}/{self._name}.parquet"

    def _count(self, verdict: Verdict, messages: pa.RecordBatch) -> None:
        facts = self._facts
        values = cast("pa.BinaryArray", messages.column("value"))
        facts.bytes_in += pc.sum(pc.binary_length(values)).as_py() or 0
        facts.accepted += verdict.accepted.num_rows
        facts.rejected += verdict.rejected.num_rows
        facts.suppressed += verdict.suppressed
        if verdict.rejected.num_rows:
            reasons = pc.list_element(verdict.rejected["reasons"], 0).to_pylist()
            self._reasons.update(str(reason).partition(":")[0] for reason in reasons)
        if verdict.accepted.num_rows:
            unknown = verdict.accepted["unknown_fields"]
            facts.rows_with_unknown_fields += len(unknown) - unknown.null_count
            for each in EVENTS_BY_NAME[self._task.event_name].derived:
                nulls = verdict.accepted[each.name].null_count
                facts.enrichment_unknown[each.name] = (
                    facts.enrichment_unknown.get(each.name, 0) + nulls
                )
            times = verdict.accepted["occurred_at"]
            delays = delays_of(times, self._task.batch_at)
            facts.delays = merged([facts.delays, delays])
            first, last = pc.min(times).as_py(), pc.max(times).as_py()
            facts.min_occurred_at = min(facts.min_occurred_at or first, first)
            facts.max_occurred_at = max(facts.max_occurred_at or last, last)


def by_hour(rows: pa.Table) -> Iterator[tuple[datetime, pa.Table]]:
    """The rows of each event hour, hours in order, rows in their own order.

    Each part is a copy (unless there is but one), so that keeping one keeps no other alive.
    """
    if not rows.num_rows:
        return
    hours = rows["occurred_at"].to_numpy().astype("datetime64[us]").view("int64") // _HOUR_US
    if hours.min() == hours.max():
        yield _hour(hours[0]), rows
        return
    order = np.argsort(hours, kind="stable")
    distinct, starts = np.unique(hours[order], return_index=True)
    for number, part in zip(distinct, np.split(order, starts[1:]), strict=True):
        yield _hour(number), rows.take(part)


def _hour(number: int) -> datetime:
    return _EPOCH + timedelta(hours=int(number))
