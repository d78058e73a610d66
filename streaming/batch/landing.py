"""A file into the lake: part by part, each committed once, whatever is killed or runs twice."""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import msgspec

from contracts.errors import ConfigurationError, ConflictError
from contracts.expiry import read_expiry
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog
from contracts.progress import read_progress
from contracts.store import Store, open_store
from streaming.attempts import clean_part
from streaming.batch.file_record import FileRecord, begun, finish
from streaming.batch.part import PartTask
from streaming.batch.records import Feed
from streaming.batch.source import Source
from streaming.limits import Limits

PART_RECORDS = 1_000_000
"""Records that are committed together: what a killed run does again, and what is open at once.
Where parts begin must not change while a file is half landed."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What became of a file."""

    file: str
    event: str
    content: str
    accepted: int
    rejected: int
    rejected_by_reason: Mapping[str, int]
    parts: int
    """Committed by this run; none if others had done it all."""
    landed_before: bool
    seconds: float


@dataclass(slots=True)
class FileLanding:
    """Lands one file in a lake."""

    lake: str
    source: Source
    limits: Limits
    buffer_bytes: int
    _content: str = ""
    _seq: int = 0
    _parts: list[Manifest] = field(default_factory=list)
    _committed: int = 0

    def land(self) -> Landed:
        """Land what has not landed yet of the file; what became of it.

        Raises:
            ConfigurationError: The file can't be read, can't be of the event, or is being written.
            LakeError: A record of the lake can't be read.
            UnavailableError: The disk is full, read-only or forbidden.
        """
        began = time.monotonic()
        store, name = open_store(self.lake), self.source.event.name
        state = self.source.state()
        self._content = self.source.content()
        manifests = ManifestLog(store, name)
        record = begun(store, name, self._content, self._fresh(store, manifests))
        done = record.finished_at is not None
        if not done:
            self._seq = record.after
            self._refresh(manifests)
            self._land_parts(store, manifests, state)
            record = self._finished(record)
            finish(store, name, self._content, record)
        landed = self._told(record, landed_before=done, seconds=time.monotonic() - began)
        log.info("file landed", file=self.source.name, event_name=name, accepted=landed.accepted,
                 rejected=landed.rejected, parts=landed.parts, landed_before=done,
                 seconds=landed.seconds)  # fmt: skip
        return landed

    def _land_parts(self, store: Store, manifests: ManifestLog, state: tuple[int, int]) -> None:
        """Land part after part; where another process lands the same file, go on behind it."""
        limits = self.limits.beside(read_expiry(store, self.source.event.name))
        feed = self._feed()
        while feed.has_more():
            number = len(self._parts)
            task = self._task(number, feed.end, limits)
            try:
                manifest = task.land(feed.next(PART_RECORDS), lambda: self._check_same(state))
                is_ours = self._commit(manifests, manifest)
            except ConflictError:
                self._refresh(manifests)
                is_ours = False
            clean_part(store, self._parts[number])
            if not is_ours:
                feed = self._feed()

    def _feed(self) -> Feed:
        """The records that no part has yet."""
        last = self._parts[-1].part if self._parts else None
        return Feed(self.source.records(self.limits.max_event_bytes), last.end if last else 1)

    def _task(self, number: int, start: int, limits: Limits) -> PartTask:
        return PartTask(
            lake=self.lake,
            event_name=self.source.event.name,
            content=self._content,
            number=number,
            name=self.source.name,
            path=str(self.source.path),
            start=start,
            after=self._seq,
            limits=limits,
            buffer_bytes=self.buffer_bytes,
        )

    def _check_same(self, state: tuple[int, int]) -> None:
        if self.source.state() != state:
            raise ConfigurationError(
                f"{self.source.path} was changed while it was read: try again once it is written"
            )

    def _commit(self, manifests: ManifestLog, manifest: Manifest) -> bool:
        """Commit at the next free number; False if another process has landed the same part."""
        while True:
            self._refresh(manifests)
            if len(self._parts) > manifest.batch:
                return False
            wanted = replace(manifest, seq=self._seq + 1, committed_at=datetime.now(UTC))
            try:
                manifests.append(wanted)
            except ConflictError:
                continue
            self._take(wanted)
            self._committed += 1
            return True

    def _refresh(self, manifests: ManifestLog) -> None:
        for manifest in manifests.after(self._seq):
            self._take(manifest)

    def _take(self, manifest: Manifest) -> None:
        self._seq = manifest.seq
        if manifest.kind == "files" and manifest.writer == self._content:
            self._parts.append(manifest)

    def _fresh(self, store: Store, manifests: ManifestLog) -> FileRecord:
        progress = read_progress(store, self.source.event.name)
        after = manifests.last(hint=progress.last_seq if progress else 0)
        return FileRecord(self.source.name, after, datetime.now(UTC))

    def _finished(self, record: FileRecord) -> FileRecord:
        reasons: Counter[str] = Counter()
        for each in self._parts:
            reasons.update(each.rejected_by_reason)
        return msgspec.structs.replace(
            record,
            finished_at=datetime.now(UTC),
            accepted=sum(each.accepted for each in self._parts),
            rejected=sum(each.rejected for each in self._parts),
            rejected_by_reason=dict(sorted(reasons.items())),
        )

    def _told(self, record: FileRecord, *, landed_before: bool, seconds: float) -> Landed:
        return Landed(
            file=str(self.source.path),
            event=self.source.event.name,
            content=self._content,
            accepted=record.accepted,
            rejected=record.rejected,
            rejected_by_reason=record.rejected_by_reason,
            parts=self._committed,
            landed_before=landed_before,
            seconds=round(seconds, 2),
        )
