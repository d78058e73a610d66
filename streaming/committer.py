"""Committing a batch: judged and written by the workers, counted here, its manifest last."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from contracts.errors import ConflictError
from contracts.events import Event
from contracts.expiry import read_expiry
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog
from contracts.suppression import NO_KEY, SuppressionKey, SuppressionList
from streaming.accounting import account, measures
from streaming.attempts import clean
from streaming.checkpoint import Checkpoint, OffsetRange, PlannedBatch
from streaming.guards import check_goes_forward
from streaming.limits import Limits
from streaming.progress import Lag
from streaming.stopwatch import Stopwatch
from streaming.suppress import OutdatedListError
from streaming.tail import LogTail
from streaming.task import BatchTask, TaskFacts

RunTasks = Callable[[BatchTask, Sequence[OffsetRange]], Sequence[TaskFacts]]
"""Lands the messages of these ranges on the workers; one answer for each."""

LagAfter = Callable[[Mapping[int, int]], Lag]
"""How far landing is behind once all before these offsets is committed."""


def _unknown_lag(_ends: Mapping[int, int]) -> Lag:
    return Lag()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where and how batches of one event are landed."""

    lake: str
    event: Event
    manifests: ManifestLog
    checkpoint: Checkpoint
    limits: Limits
    buffer_bytes: int
    suppression_key: SuppressionKey = NO_KEY


class Committer:
    """Lands the batches of one event, one after the other."""

    def __init__(
        self, destination: Destination, tail: LogTail, lag_after: LagAfter = _unknown_lag
    ) -> None:
        """Go on from `tail`, the end of the event's log."""
        self._to = destination
        self._lag_after = lag_after
        self._forgotten = SuppressionList(destination.manifests.store, destination.suppression_key)
        self.tail = tail

    def commit(
        self, number: int, run_tasks: RunTasks, clock: Stopwatch | None = None
    ) -> Manifest | None:
        """Land batch `number` of the query; None if that had been done, or it is empty.

        Args:
            number: The batch, as Spark numbers it.
            run_tasks: Lands the batch's messages.
            clock: Learns where the time went: `plan`, `land`, `commit`, `clean`.

        Raises:
            ConflictError: Another writer has landed these messages, or some before them are
                missing; nothing of this attempt counts.
            LakeError: Kafka no longer holds them all.
        """
        clock = clock or Stopwatch()
        self.tail.refresh()
        planned = self._to.checkpoint.batch(number)
        writer = self._to.checkpoint.writer()
        if self._stands(writer, planned):
            log.info("batch was committed before", event_name=self._name, batch=number)
            return None
        self._check_continues(planned)
        check_goes_forward(self._name, planned)
        if planned.is_empty():
            return None
        clock.lap("plan")
        while True:
            try:
                manifest = self._landed(writer, planned, run_tasks, clock)
                break
            except OutdatedListError:
                log.info("a user was forgotten meanwhile: the batch is made again",
                         event_name=self._name, batch=number)  # fmt: skip
        clock.lap("commit")
        clean(self._to.manifests.store, self._to.manifests, self.tail.stream_seq)
        clock.lap("clean")
        return manifest

    @property
    def _name(self) -> str:
        return self._to.event.name

    def _stands(self, writer: str, planned: PlannedBatch) -> bool:
        """Whether the last stream manifest is this very batch.

        Raises:
            ConflictError: It has this batch's number, or a later one, and other offsets.
        """
        last = self.tail.stream
        if last is None or last.writer != writer or last.batch < planned.number:
            return False
        if last.batch == planned.number and _offsets(last) == _planned_offsets(planned):
            return True
        raise ConflictError(
            f"{self._name}: the lake has batch {last.batch} of this checkpoint with other offsets "
            f"than batch {planned.number} has now: the checkpoint was set back; remove it to go "
            "on from where the lake ends"
        )

    def _check_continues(self, planned: PlannedBatch) -> None:
        for partition, end in self.tail.ends.items():
            start = planned.starts.get(partition)
            if start != end:
                raise ConflictError(
                    f"{self._name}: batch {planned.number} begins at offset {start} of partition "
                    f"{partition}, but the lake ends at {end}: another landing job has written "
                    "to this lake; stop one of them, and remove the checkpoint of the older"
                )

    def _landed(
        self, writer: str, planned: PlannedBatch, run_tasks: RunTasks, clock: Stopwatch
    ) -> Manifest | None:
        """Land the batch with the list as it is now, after the log was read.

        Raises:
            OutdatedListError: Somebody was forgotten meanwhile; nothing of this attempt counts.
        """
        suppressions = self._forgotten.read(at_least=self.tail.needed)
        task = replace(self._task(writer, planned), suppressions=suppressions)
        facts = run_tasks(task, planned.ranges(self._name))
        clock.lap("land")
        measured = measures(facts, clock.seconds, self._lag_after(planned.ends))
        made = account(self._name, writer, planned, facts)
        return self._append(replace(made, measures=measured, suppressions=suppressions.number))

    def _task(self, writer: str, planned: PlannedBatch) -> BatchTask:
        return BatchTask(
            lake=self._to.lake,
            event_name=self._name,
            writer=writer,
            batch=planned.number,
            batch_at=planned.at,
            after=self.tail.stream_seq,
            run=uuid.uuid4().hex[:8],
            limits=self._to.limits.beside(read_expiry(self._to.manifests.store, self._name)),
            buffer_bytes=self._to.buffer_bytes,
        )

    def _append(self, manifest: Manifest) -> Manifest | None:
        """Commit at the next number; None if the same batch was committed meanwhile.

        Replays, files and erasures may take numbers between ours; another stream batch may not.

        Raises:
            OutdatedListError: An erasure did, of a user who was not on the list of this batch.
        """
        continued = self.tail.stream_seq
        while True:
            if self.tail.fence > manifest.suppressions:
                raise OutdatedListError
            wanted = replace(manifest, seq=self.tail.seq + 1, committed_at=datetime.now(UTC))
            try:
                self._to.manifests.append(wanted)
            except ConflictError:
                self.tail.refresh()
                if self.tail.stream_seq == continued:
                    continue
                if _same_batch(self.tail.stream, manifest):
                    return None
                raise
            self.tail.take(wanted)
            return wanted


def _offsets(manifest: Manifest) -> dict[int, tuple[int, int]]:
    return {each.partition: (each.start, each.end) for each in manifest.offsets}


def _planned_offsets(planned: PlannedBatch) -> dict[int, tuple[int, int]]:
    return {each: (planned.starts[each], end) for each, end in planned.ends.items()}


def _same_batch(standing: Manifest | None, ours: Manifest) -> bool:
    return (
        standing is not None
        and (standing.writer, standing.batch) == (ours.writer, ours.batch)
        and _offsets(standing) == _offsets(ours)
    )
