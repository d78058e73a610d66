"""The manifests: the numbered log of what landing has committed for each event.

A batch counts when, and only when, its manifest stands. Numbers run from 1 without a gap and a
manifest never changes, so a reader keeps one number as its cursor and never lists what is older.
The oldest ones may have expired (see `expiry.py`); they are passed over.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from contracts.errors import ConflictError, LakeError
from contracts.expiry import read_expiry
from contracts.gaps import Gap
from contracts.lake import manifest_path
from contracts.store import Store

FORMAT, PLAIN_FORMAT = 2, 1
"""Newest that is read. A manifest has the lowest that can say what it says: erasures have 2."""

BatchKind = Literal["stream", "replay", "files", "gap", "erasure"]
CHAIN: frozenset[BatchKind] = frozenset({"stream", "gap"})
"""Kinds whose offsets follow each other without a break, each from where the last one ends."""


@dataclass(frozen=True, slots=True)
class PartitionRange:
    """Offsets `start` to `end` (exclusive) of one Kafka partition, and what became of them.

    `accepted + rejected + suppressed + not_data + missing = end - start`; `suppressed` are of users
    who are to be forgotten; `not_data` are offsets that hold no message for a reader, such as
    transaction markers and what compaction removed; `missing` are those of a gap.
    """

    topic: str
    partition: int
    start: int
    end: int
    accepted: int
    rejected: int
    not_data: int
    missing: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file of a batch: rows of one hour (see `lake.hour_key`)."""

    path: str
    hour: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Measures:
    """How a stream batch went: for people and graphs, nothing is reckoned with it.

    Lag is what Kafka held beyond the batch when it was committed, and for how long already;
    delay is how old events were when the batch began. None: not known, or no events.
    """

    bytes_in: int
    """Of the messages' values, as they came from Kafka."""
    seconds: Mapping[str, float]
    """By the driver's phase, those before the commit: `plan`, `land`."""
    task_seconds: Mapping[str, float]
    """By the workers' phase, summed over tasks: `read`, `judge`, `write`."""
    lag_messages: int | None = None
    lag_seconds: float | None = None
    delay_p50_seconds: float | None = None
    delay_p95_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FilePart:
    """Lines `start` to `end` (exclusive, from 1) of a batch file; in Parquet, rows.

    `accepted + rejected + suppressed + not_data = end - start`; `not_data` are lines without a
    record of their own: the header, empty ones, those in which a record goes on.
    """

    name: str
    start: int
    end: int
    accepted: int
    rejected: int
    not_data: int
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class ErasedFile:
    """A file of an earlier batch, of accepted rows or of rejects, and how many rows it loses.

    The record stands before the file is written anew: for a while it may have all its rows.
    """

    path: str
    hour: str
    """As the manifest that brought the file has it."""
    rows: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """The record of one committed batch of one event.

    `writer` is the checkpoint's id, a content hash for replays and files, the operator of a gap,
    or the hash of the user of an erasure; `files` hold the accepted rows by event hour,
    `rejected_files` the rejects by the batch's hour.
    """

    event: str
    seq: int
    kind: BatchKind
    writer: str
    batch: int
    batch_at: datetime
    committed_at: datetime
    contract_version: int
    offsets: tuple[PartitionRange, ...]
    accepted: int
    rejected: int
    rejected_by_reason: Mapping[str, int]
    files: tuple[DataFile, ...]
    rejected_files: tuple[DataFile, ...]
    min_occurred_at: datetime | None = None
    max_occurred_at: datetime | None = None
    rows_with_unknown_fields: int = 0
    enrichment_unknown: Mapping[str, int] = field(default_factory=dict)
    """Accepted rows by derived column of which it could not be told."""
    format: int = PLAIN_FORMAT
    cites: tuple[str, ...] = field(default=())
    """Paths of the rejects or files that a replay or file batch was made from."""
    measures: Measures | None = None
    """None for replays and files, and in manifests from before it was kept."""
    gap: Gap | None = None
    """What a gap is about: it has no rows, and its ranges say where the next batch begins."""
    part: FilePart | None = None
    """Of a file batch: which lines it was made from."""
    suppressed: int = 0
    """Messages, rejects or records left out because their user is forgotten."""
    suppressions: int = 0
    """Number of the suppression list that was applied, or that an erasure is the first to need."""
    erased: tuple[ErasedFile, ...] = field(default=())
    """Of an erasure, which has nothing else: the files that lose rows of one user."""

    @property
    def user_hash(self) -> str:
        """Of an erasure: whose rows, as the suppression list has it."""
        return self.writer if self.kind == "erasure" else ""

    def end_offsets(self) -> dict[int, int]:
        """End offset of each Kafka partition, the place to read on from."""
        return {each.partition: each.end for each in self.offsets}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Manifest)


class _Format(msgspec.Struct):
    format: int = PLAIN_FORMAT


_FORMAT_DECODER = msgspec.json.Decoder(_Format)


class ManifestLog:
    """The manifests of one event, oldest first."""

    def __init__(self, store: Store, event_name: str) -> None:
        """Use the log of `event_name` in `store`."""
        self.store = store
        self.event_name = event_name

    def read(self, seq: int) -> Manifest:
        """Manifest number `seq`.

        Raises:
            LakeError: It does not stand, cannot be read, or has a newer format.
        """
        path = manifest_path(self.event_name, seq)
        written = self.store.read(path)
        try:
            # Before the rest, of which a newer format may have what is not known here.
            if (found := _FORMAT_DECODER.decode(written).format) > FORMAT:
                raise LakeError(
                    f"the manifest {path} has format {found}, this version reads up to "
                    f"{FORMAT}: upgrade this station"
                )
            return _DECODER.decode(written)
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise LakeError(f"the manifest {path} cannot be read: {error}") from error

    def after(self, cursor: int) -> Iterator[Manifest]:
        """Manifests with numbers above `cursor` that have not expired, to the end of the log."""
        seq = max(cursor, self.expired()) + 1
        while self.store.exists(manifest_path(self.event_name, seq)):
            yield self.read(seq)
            seq += 1

    def expired(self) -> int:
        """Number of the last manifest that has expired, 0 if none has; it costs one listing."""
        expiry = read_expiry(self.store, self.event_name)
        return expiry.seq if expiry else 0

    def last(self, hint: int = 0) -> int:
        """Number of the last manifest, 0 for an empty log.

        `hint` is a number known to stand or to have stood (or 0); the search doubles its step
        from there, so its cost grows with the logarithm of what is newer, not with the length of
        the log.
        """
        stands = max(hint, self.expired())
        step = 1
        while self._stands(stands + step):
            stands += step
            step *= 2
        while step > 1:
            step //= 2
            if self._stands(stands + step):
                stands += step
        return stands

    def append(self, manifest: Manifest) -> None:
        """Commit `manifest` at its number.

        Raises:
            ConflictError: Another writer took that number first; nothing was written.
        """
        path = manifest_path(self.event_name, manifest.seq)
        if not self.store.put_if_absent(path, _ENCODER.encode(manifest)):
            raise ConflictError(
                f"another writer has committed {path}: two landing jobs write to this lake; "
                "stop one of them"
            )

    def _stands(self, seq: int) -> bool:
        return self.store.exists(manifest_path(self.event_name, seq))
