"""How far landing has come: one small record per event, rewritten at every trigger."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from contracts.errors import LakeError
from contracts.lake import progress_path
from contracts.store import Store


@dataclass(frozen=True, slots=True)
class Progress:
    """How far landing of one event has come.

    All that Kafka held at `caught_up_until`, in every partition, is committed; it is None until
    that was true once. `committed` maps each Kafka partition to its next offset, `held` to the
    end offset Kafka reported last; `last_seq` is the number of the newest manifest.
    """

    event: str
    caught_up_until: datetime | None
    committed: Mapping[int, int]
    held: Mapping[int, int]
    last_seq: int
    writer: str
    updated_at: datetime


def read_progress(store: Store, event_name: str) -> Progress | None:
    """The event's record, or None before landing first wrote one.

    Raises:
        LakeError: The record cannot be read.
    """
    path = progress_path(event_name)
    if not store.exists(path):
        return None
    try:
        return msgspec.json.decode(store.read(path), type=Progress)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the progress record {path} cannot be read: {error}") from error


def write_progress(store: Store, progress: Progress) -> None:
    """Replace the event's record."""
    store.put(progress_path(progress.event), msgspec.json.encode(progress))
