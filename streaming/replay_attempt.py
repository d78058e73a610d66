"""One attempt to land what passes now of a landing batch's rejects."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from contracts.events import CONTRACT_VERSION
from contracts.lake import batch_folder, hour_folder, hour_key
from contracts.manifests import Manifest
from contracts.store import Store
from streaming.attempts import Attempt, note, note_path
from streaming.batch.again import AsMessages
from streaming.parquet import TaskFiles
from streaming.rejects import Rejects, not_landed
from streaming.suppress import JudgeMessages
from streaming.task import by_hour


@dataclass(frozen=True, slots=True)
class ReplayBatch:
    """What is replayed, and the only place in the log where it may be committed."""

    store: Store
    event_name: str
    rejects: Rejects
    replays: Sequence[Manifest]
    """All that landed some of these rejects, in manifests up to number `after`."""
    after: int
    """The batch takes the number after this one, or none."""
    as_messages: AsMessages | None = None
    """What makes messages of rejects that are of a file."""
    suppressions: int = 0
    """Number of the suppression list that is applied."""

    @property
    def number(self) -> int:
        """Number of the batch among those of its writer."""
        return len(self.replays)


class ReplayAttempt:
    """Judges rejects again and writes the rows that pass; files have names of their own."""

    def __init__(self, batch: ReplayBatch, buffer_bytes: int) -> None:
        """Begin; nothing is written before the first row passes."""
        self.judged = 0
        self.rows = 0
        self._batch = batch
        self._at = datetime.now(UTC)
        self._name = f"replay-{uuid.uuid4().hex[:8]}"
        self._files = TaskFiles(batch.store, self._note, buffer_bytes)
        self._times: list[datetime] = []
        self._rows_with_unknown_fields = 0
        self._suppressed = 0

    def write(self, judge: JudgeMessages) -> Manifest | None:
        """Judge what has not landed yet; the manifest of what passes, or None if nothing does.

        Raises:
            LakeError: A file that a manifest names can't be read.
            UnavailableError: The disk is full, read-only or forbidden.
        """
        batch = self._batch
        try:
            for messages in not_landed(batch.store, batch.rejects, batch.replays):
                self.judged += messages.num_rows
                if messages.num_rows:
                    verdict = judge(self._sent(messages), batch.rejects.judged_at)
                    self._suppressed += verdict.suppressed
                    self._add(verdict.accepted)
            return self._finished() if self.rows else None
        finally:
            self._files.abandon()

    def _sent(self, rejects: pa.RecordBatch) -> pa.RecordBatch:
        """Rejects as messages: those of a batch file are kept as they stand in it."""
        if self._batch.as_messages is None:
            return rejects
        values = self._batch.as_messages([each or b"" for each in rejects["value"].to_pylist()])
        return rejects.set_column(rejects.schema.get_field_index("value"), "value", values)

    def _add(self, accepted: pa.Table) -> None:
        """Keep rows that passed, each in the file of its hour."""
        if not accepted.num_rows:
            return
        self.rows += accepted.num_rows
        unknown = accepted["unknown_fields"]
        self._rows_with_unknown_fields += len(unknown) - unknown.null_count
        times = [
            *self._times,
            *(each(accepted["occurred_at"]).as_py() for each in (pc.min, pc.max)),
        ]
        self._times = [min(times), max(times)]
        batch = batch_folder(self._batch.rejects.writer, self._batch.number)
        for hour, rows in by_hour(self._landed_now(accepted)):
            folder = hour_folder(self._batch.event_name, hour)
            self._files.add(f"{folder}/{batch}/{self._name}.parquet", hour_key(hour), rows)

    def _landed_now(self, accepted: pa.Table) -> pa.Table:
        """The rows with the time of this batch, not of the one that rejected them."""
        index = accepted.schema.get_field_index("landed_at")
        field = accepted.schema.field(index)
        at = pa.repeat(pa.scalar(self._at, field.type), accepted.num_rows)
        return accepted.set_column(index, field, at)

    def _finished(self) -> Manifest:
        """Close the files; the record that makes them count."""
        files = tuple(self._files.finish())
        # If our number was taken, the note is gone by now, and perhaps not all the files.
        self._note([each.path for each in files])
        return Manifest(
            event=self._batch.event_name,
            seq=self._batch.after + 1,
            kind="replay",
            writer=self._batch.rejects.writer,
            batch=self._batch.number,
            batch_at=self._at,
            committed_at=datetime.now(UTC),
            contract_version=CONTRACT_VERSION,
            offsets=(),
            accepted=self.rows,
            rejected=0,
            rejected_by_reason={},
            files=files,
            rejected_files=(),
            min_occurred_at=min(self._times),
            max_occurred_at=max(self._times),
            rows_with_unknown_fields=self._rows_with_unknown_fields,
            cites=self._batch.rejects.files,
            suppressed=self._suppressed,
            suppressions=self._batch.suppressions,
        )

    def _note(self, files: Sequence[str]) -> None:
        batch = self._batch
        path = note_path(batch.event_name, batch.rejects.writer, batch.number, self._name)
        attempt = Attempt(batch.after, tuple(files), "replay", batch.suppressions)
        note(batch.store, path, attempt)
