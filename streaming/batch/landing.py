"""A file into the lake: part by part, each committed once, whatever is killed or runs twice."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import msgspec

from contracts.errors import ConfigurationError, ConflictError
from contracts.expiry import read_expiry
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog
from contracts.postgres import PostgresUrl
from contracts.progress import read_progress
from contracts.store import Store, open_store
from contracts.suppression import NO_KEY, SuppressionKey, SuppressionList, Suppressions
from streaming.attempts import clean_part
from streaming.batch.file_record import FileRecord, begun, finish
from streaming.batch.part import PartTask
from streaming.batch.records import Feed
from streaming.batch.serving import SLICE_ROWS, Server, check_served, serving
from streaming.batch.source import Source
from streaming.limits import Limits
from streaming.suppress import OutdatedListError
from streaming.tail import entries_needed

Target = Literal["lake", "postgres", "both"]
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
    inserted: int | None = None
    """Into Postgres, if it was loaded there."""
    duplicates: int | None = None
    """Events whose id stood there already."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where files go, and what is accepted of them; it travels to the workers."""

    lake: str
    limits: Limits
    buffer_bytes: int
    target: Target = "lake"
    postgres: PostgresUrl | None = None
    suppression_key: SuppressionKey = NO_KEY


@dataclass(slots=True)
class FileLanding:
    """Lands one file."""

    to: Destination
    source: Source
    _content: str = ""
    _seq: int = 0
    _parts: list[Manifest] = field(default_factory=list)
    _committed: int = 0
    _fence: int = 0
    """Number of the newest suppression list that an erasure has asked for."""

    def land(self) -> Landed:
        """Land what has not landed yet of the file; what became of it.

        Raises:
            ConfigurationError: The file can't be read, can't be of the event, or is being written.
            LakeError: A record of the lake can't be read.
            UnavailableError: The disk is full, read-only or forbidden.
        """
        began = time.monotonic()
        store, state = open_store(self.to.lake), self.source.state()
        only = ("postgres",) if self.to.target == "postgres" else ()
        self._content = self.source.content(*only)
        with self._serving() as server:
            landed = self._land(store, state, server)
            if server is not None:
                landed = replace(landed, **asdict(server.served))
        landed = replace(landed, seconds=round(time.monotonic() - began, 2))
        log.info("file landed", file=self.source.name, event_name=landed.event,
                 accepted=landed.accepted, rejected=landed.rejected, parts=landed.parts,
                 landed_before=landed.landed_before, seconds=landed.seconds)  # fmt: skip
        return landed

    def _serving(self) -> AbstractContextManager[Server | None]:
        """What loads into Postgres, if it is to be.

        Raises:
            ConfigurationError: The event has no place there.
            UnavailableError: The server is away.
        """
        if self.to.target == "lake" or self.to.postgres is None:
            return nullcontext()
        check_served(self.source.event)
        forgotten = self._forgotten(open_store(self.to.lake))
        return serving(self.to.postgres, self._content, forgotten)

    def _forgotten(self, store: Store) -> SuppressionList:
        """The list of forgotten users.

        Raises:
            ConfigurationError: Its key is missing, or another.
            LakeError: It has lost entries.
        """
        forgotten = SuppressionList(store, self.to.suppression_key)
        forgotten.read(at_least=entries_needed(ManifestLog(store, self.source.event.name)))
        return forgotten

    def _land(self, store: Store, state: tuple[int, int], server: Server | None) -> Landed:
        name = self.source.event.name
        manifests = ManifestLog(store, name)
        record = begun(store, name, self._content, self._fresh(store, manifests))
        done = record.finished_at is not None
        self._seq = record.after
        if not done or self.to.target == "both":
            self._refresh(manifests)
        if not done:
            self._land_parts(store, manifests, state, server)
            record = self._finished(record)
            finish(store, name, self._content, record)
        elif server is not None and self.to.target == "postgres":
            self._load_again(store, server)
        if server is not None and self.to.target == "both":
            for each in self._parts:
                server.load_manifest(store, each)
        return self._told(record, landed_before=done)

    def _land_parts(
        self, store: Store, manifests: ManifestLog, state: tuple[int, int], server: Server | None
    ) -> None:
        """Land part after part; where another process lands the same file, go on behind it."""
        limits = self.to.limits.beside(read_expiry(store, self.source.event.name))
        elsewhere = server.load if server is not None and self.to.target == "postgres" else None
        feed, forgotten = self._feed(), self._forgotten(store)
        while feed.has_more():
            number = len(self._parts)
            task = self._task(number, feed.end, limits, forgotten.read(at_least=self._fence))
            try:
                records = feed.next(PART_RECORDS if elsewhere is None else SLICE_ROWS)
                manifest = task.land(records, lambda: self._check_same(state), elsewhere)
                is_ours = self._commit(manifests, manifest)
            except OutdatedListError:
                log.info("a user was forgotten meanwhile: the part is made again",
                         file=self.source.name, part=number)  # fmt: skip
                feed = self._feed()
                continue
            except ConflictError:
                self._refresh(manifests)
                is_ours = False
            clean_part(store, self._parts[number])
            if not is_ours:
                feed = self._feed()

    def _load_again(self, store: Store, server: Server) -> None:
        """Load a file whose rejects the lake has into a database that lacks some of its rows."""
        limits = self.to.limits.beside(read_expiry(store, self.source.event.name))
        feed, number = self._feed(), 0
        suppressions = self._forgotten(store).read()
        while feed.has_more():
            task = self._task(number, feed.end, limits, suppressions)
            records = feed.next(SLICE_ROWS)
            if server.has(number):
                deque(records, maxlen=0)
            else:
                task.load(records, server.load)
            number += 1

    def _feed(self) -> Feed:
        """The records that no part has yet."""
        last = self._parts[-1].part if self._parts else None
        return Feed(self.source.records(self.to.limits.max_event_bytes), last.end if last else 1)

    def _task(
        self, number: int, start: int, limits: Limits, suppressions: Suppressions
    ) -> PartTask:
        return PartTask(
            lake=self.to.lake,
            event_name=self.source.event.name,
            content=self._content,
            number=number,
            name=self.source.name,
            path=str(self.source.path),
            start=start,
            after=self._seq,
            limits=limits,
            buffer_bytes=self.to.buffer_bytes,
            suppressions=suppressions,
        )

    def _check_same(self, state: tuple[int, int]) -> None:
        if self.source.state() != state:
            raise ConfigurationError(
                f"{self.source.path} was changed while it was read: try again once it is written"
            )

    def _commit(self, manifests: ManifestLog, manifest: Manifest) -> bool:
        """Commit at the next free number; False if another process has landed the same part.

        Raises:
            OutdatedListError: Somebody was forgotten meanwhile, who is not on the part's list.
        """
        while True:
            self._refresh(manifests)
            if self._fence > manifest.suppressions:
                raise OutdatedListError
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
        if manifest.kind == "erasure":
            self._fence = max(self._fence, manifest.suppressions)
        if manifest.kind == "files" and manifest.writer == self._content:
            self._parts.append(manifest)

    def _fresh(self, store: Store, manifests: ManifestLog) -> FileRecord:
        progress = read_progress(store, self.source.event.name)
        after = manifests.last(hint=progress.last_seq if progress else 0)
        layout = self.source.layout(self.to.limits.max_event_bytes)
        return FileRecord(
            name=self.source.name,
            after=after,
            first_seen_at=datetime.now(UTC),
            form=self.source.form,
            columns=layout.columns if layout else (),
            delimiter=layout.delimiter if layout else "",
        )

    def _finished(self, record: FileRecord) -> FileRecord:
        reasons: Counter[str] = Counter()
        for each in self._parts:
            reasons.update(each.rejected_by_reason)
        return msgspec.structs.replace(
            record,
            finished_at=datetime.now(UTC),
            accepted=sum(each.part.accepted for each in self._parts if each.part),
            rejected=sum(each.rejected for each in self._parts),
            rejected_by_reason=dict(sorted(reasons.items())),
        )

    def _told(self, record: FileRecord, *, landed_before: bool) -> Landed:
        return Landed(
            file=str(self.source.path),
            event=self.source.event.name,
            content=self._content,
            accepted=record.accepted,
            rejected=record.rejected,
            rejected_by_reason=record.rejected_by_reason,
            parts=self._committed,
            landed_before=landed_before,
            seconds=0,
        )
