"""Erasures: what `forget` has removed from files of the lake that stood already.

An erasure is a batch of its own in each event's log (a manifest of kind `erasure`): it names the
files that hold rows of one user, and how many. Only then are these files rewritten, in place and
without the rows, so that whatever is killed is finished by the next run. A file holds as many rows
as its manifest says, less what erasures say of it; between manifest and rewriting, still all.

The number of the log is also the fence: no batch may be committed after an erasure that was made
with an older suppression list.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from contracts.errors import LakeError
from contracts.lake import erasure_path
from contracts.manifests import Manifest
from contracts.store import Store


@dataclass(frozen=True, slots=True)
class ErasureRecord:
    """How far the erasure of one user has come in the lake; without any id."""

    user_hash: str
    number: int
    """Of the entry in the suppression list."""
    requested_at: datetime
    requested_by: str
    finished_at: datetime | None = None
    """None: it was begun, and has to be run again."""
    accepted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rows erased, by event and hour of the events, by all runs together."""
    rejected: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """Rejects erased, by event and hour of judgement."""


def erased_rows(manifests: Iterable[Manifest]) -> Counter[str]:
    """Rows erased by path of the file, as these manifests say."""
    rows: Counter[str] = Counter()
    for manifest in manifests:
        for each in manifest.erased:
            rows[each.path] += each.rows
    return rows


def read_erasure(store: Store, user_hash: str) -> ErasureRecord | None:
    """The record of a user's erasure, or None if none was begun.

    Raises:
        LakeError: It cannot be read.
    """
    path = erasure_path(user_hash)
    if not store.exists(path):
        return None
    try:
        return msgspec.json.decode(store.read(path), type=ErasureRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the record {path} cannot be read: {error}") from error


def write_erasure(store: Store, record: ErasureRecord) -> None:
    """Replace the record."""
    store.put(erasure_path(record.user_hash), msgspec.json.encode(record))
