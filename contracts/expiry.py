"""What has expired: the record that stands for an event's deleted hours and manifests.

Retention deletes old hours, their rejects, and the manifests at the beginning of the log of which
nothing is left. Before anything is deleted a record says so, and holds the sums of what the
deleted manifests said, so that the log can still be added up from its beginning. Records are
numbered and never changed; the newest one holds, and readers find it beside at most a few others.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from contracts.errors import ConflictError, LakeError
from contracts.gaps import Gap
from contracts.lake import expiry_folder, expiry_path
from contracts.store import Store

FORMAT = 1


@dataclass(frozen=True, slots=True)
class OffsetSums:
    """Ranges of one Kafka partition that followed each other, added up.

    `accepted + rejected + suppressed + not_data + missing = end - start`. A partition has one for
    each life of its topic; `is_over` if no batch goes on from there.
    """

    topic: str
    partition: int
    start: int
    end: int
    accepted: int
    rejected: int
    not_data: int
    missing: int = 0
    is_over: bool = False
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class ExpiredGap:
    """A gap whose manifest has expired."""

    seq: int
    committed_at: datetime
    gap: Gap


@dataclass(frozen=True, slots=True)
class Expiry:
    """What has expired of one event's lake, and what it came to.

    `number` counts the records of the event. Files of hours before `before` are gone, or about
    to be, whatever manifests say; so are manifests up to `seq`. The sums are over these.
    """

    event: str
    number: int
    before: datetime
    seq: int
    expired_at: datetime
    offsets: tuple[OffsetSums, ...] = ()
    accepted: int = 0
    rejected: int = 0
    rejected_by_reason: Mapping[str, int] = field(default_factory=dict)
    rows_with_unknown_fields: int = 0
    max_occurred_at: datetime | None = None
    gaps: tuple[ExpiredGap, ...] = ()
    suppressed: int = 0
    format: int = FORMAT


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Expiry)


def read_expiry(store: Store, event_name: str) -> Expiry | None:
    """The newest record of an event, or None while nothing has expired.

    Raises:
        LakeError: It cannot be read, or has a newer format.
    """
    while True:
        paths = list(store.list(expiry_folder(event_name)))
        if not paths:
            return None
        try:
            return _decoded(paths[-1], store.read(paths[-1]))
        except LakeError:
            # Older records are removed once a newer one stands.
            if store.exists(paths[-1]):
                raise


def append_expiry(store: Store, expiry: Expiry) -> None:
    """Make `expiry` hold.

    Raises:
        ConflictError: Another has taken its number first; nothing was written.
    """
    path = expiry_path(expiry.event, expiry.number)
    if not store.put_if_absent(path, _ENCODER.encode(expiry)):
        raise ConflictError(f"another has written {path} meanwhile: try again")


def remove_older(store: Store, expiry: Expiry) -> None:
    """Remove the records that `expiry` has replaced."""
    newest = expiry_path(expiry.event, expiry.number)
    for path in list(store.list(expiry_folder(expiry.event))):
        if path < newest:
            store.delete(path)


def _decoded(path: str, written: bytes) -> Expiry:
    try:
        expiry = _DECODER.decode(written)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the record {path} cannot be read: {error}") from error
    if expiry.format > FORMAT:
        raise LakeError(
            f"the record {path} has format {expiry.format}, this version reads up to {FORMAT}: "
            "upgrade this station"
        )
    return expiry
