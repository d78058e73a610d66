"""Notes of files that a batch may write, so that what a crash leaves can be found and removed.

A task notes its files before it opens them. An attempt is *decided* once the log has a stream
manifest after the one the attempt meant to follow: from then on it is committed by that very
manifest, or it never can be. A replay may take one number only and is decided once that one is
taken. Only files of decided attempts are removed, so that a writer that was stopped and wakes up
again can lose its batch, but never commit files that are gone. A part of a batch file may take
any number, but only once: its attempts are decided once a manifest of that part stands, and whoever
commits it removes what the others left.
"""

from collections.abc import Collection
from dataclasses import dataclass

import msgspec

from contracts.errors import LakeError
from contracts.lake import attempts_folder
from contracts.logs import log
from contracts.manifests import CHAIN, BatchKind, Manifest, ManifestLog
from contracts.store import Store


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a task of a batch may have written."""

    after: int
    """Number of the manifest that the batch continues: the last stream's, or a replay's last."""
    files: tuple[str, ...]
    kind: BatchKind = "stream"
    suppressions: int = 0
    """Number of the suppression list that is applied: after an erasure, an older one is void."""


def note_path(event_name: str, writer: str, batch: int, name: str) -> str:
    """Path of the note of one task, named as its files are."""
    return f"{attempts_folder(event_name)}/{writer}-{batch}/{name}.json"


def note(store: Store, path: str, attempt: Attempt) -> None:
    """Write down, or add, what a task is about to write."""
    store.put(path, msgspec.json.encode(attempt))


def remove_void(
    store: Store, event_name: str, suppressions: int, committed: Collection[str]
) -> int:
    """Remove files of attempts that an erasure has made void; how many there were.

    `committed` are the files of all manifests before the erasure, which needs the list number
    `suppressions`. The notes stay: what their writers go on to write, they remove themselves.
    """
    removed = 0
    for path in list(store.list(attempts_folder(event_name))):
        attempt = _read(store, path)
        if attempt is None or attempt.suppressions >= suppressions:
            continue
        left = [each for each in attempt.files if each not in committed and store.exists(each)]
        for each in left:
            store.delete(each)
        removed += len(left)
    return removed


def clean(store: Store, manifests: ManifestLog, stream_seq: int) -> int:
    """Remove what decided attempts left beside their manifest, then their notes.

    Its cost is that of the attempts noted, not of the log. `stream_seq` is the number of the
    last stream manifest. Answers how many files were removed.
    """
    removed = 0
    deciders: dict[tuple[BatchKind, int], set[str] | None] = {}
    for path in list(store.list(attempts_folder(manifests.event_name))):
        attempt = _read(store, path)
        if attempt is None:
            continue
        key = attempt.kind, attempt.after
        if key not in deciders:
            deciders[key] = _committed(manifests, attempt, stream_seq)
        if (committed := deciders[key]) is None:
            continue
        removed += _remove(store, path, attempt, committed)
    if removed:
        log.info("removed files of unfinished batches", event_name=manifests.event_name,
                 files=removed)  # fmt: skip
    return removed


def clean_part(store: Store, committed: Manifest) -> None:
    """Remove what attempts left of the part of a batch file that `committed` has decided."""
    batch = f"{committed.writer}-{committed.batch}"
    named = {each.path for each in (*committed.files, *committed.rejected_files)}
    for path in list(store.list(f"{attempts_folder(committed.event)}/{batch}")):
        attempt = _read(store, path)
        if attempt is not None:
            _remove(store, path, attempt, named)


def _remove(store: Store, path: str, attempt: Attempt, committed: set[str]) -> int:
    """Remove the files of a decided attempt, then its note; how many files."""
    left = [file for file in attempt.files if file not in committed and store.exists(file)]
    for file in left:
        store.delete(file)
    store.delete(path)
    return len(left)


def _committed(manifests: ManifestLog, attempt: Attempt, stream_seq: int) -> set[str] | None:
    """Files of the manifest that decided the attempt; None while it is open."""
    if attempt.kind == "files" or (attempt.kind == "stream" and attempt.after >= stream_seq):
        return None
    later = manifests.after(attempt.after)
    decider = next((each for each in later if attempt.kind == "replay" or each.kind in CHAIN), None)
    if decider is None:
        return None
    return {each.path for each in (*decider.files, *decider.rejected_files)}


def _read(store: Store, path: str) -> Attempt | None:
    """The note, or None if another who cleans has removed it meanwhile."""
    try:
        return msgspec.json.decode(store.read(path), type=Attempt)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the note {store.url(path)} can't be read: {error}") from error
    except LakeError:
        if store.exists(path):
            raise
        return None
