"""Erasing one user: the suppression list first, then the lake, the live counts and Postgres."""

import fcntl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.erasures import ErasureRecord, read_erasure, write_erasure
from contracts.errors import LakeError, UnavailableError
from contracts.events import Event
from contracts.lake import LAKE_RECORD
from contracts.manifests import ManifestLog
from contracts.store import FolderStore, Store, open_store
from contracts.suppression import SuppressionList
from contracts.suppression_entries import SuppressionEntry
from streaming.erase.event_erasure import EventErased, EventErasure
from streaming.erase.finding import User
from streaming.erase.live import erase_live
from streaming.erase.postgres import PostgresErased, erase_postgres
from streaming.lake_record import claim
from streaming.settings import LandingSettings
from streaming.tail import LogTail

_SURELY_DEAD = timedelta(hours=1)
"""Nobody takes so long to write what is written at once."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What is erased of a user, by this run and, in the lake, by those before it."""

    user_hash: str
    number: int
    """Of the entry in the suppression list."""
    events: Mapping[str, EventErased]
    live: int
    """Events in the live counts' open minutes."""
    postgres: Mapping[str, int] | None
    """Rows by table; None if there is no serving database."""
    remains: Sequence[str]
    """What these places keep all the same, and until when."""

    def as_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)


def erase_user(
    settings: LandingSettings,
    events: Sequence[Event],
    user_id: int,
    requested_by: str,
    *,
    new_key: bool = False,
) -> Erased:
    """Erase a user; run again after it was killed, it finishes what was begun.

    With `new_key` the list of forgotten users goes on under another key than the one it had.

    Raises:
        ConfigurationError: The key of the suppression list is another, or not here.
        LakeError: There is no lake, its list has lost entries, or a file can't be read.
        UnavailableError: Another erasure runs; or the disk, the bucket or Postgres is away.
    """
    store = open_store(settings.lake)
    if not store.exists(LAKE_RECORD):
        raise LakeError(f"there is no lake in {settings.lake}: give --lake, or land something")
    claim(store)
    with _alone(settings):
        forgotten = SuppressionList(store, settings.suppression_key)
        needed = _entries(store, events)
        if new_key:
            entry = forgotten.add_with_new_key(user_id, requested_by, needed)
        else:
            # First: the number of an entry that was lost must not become another user's.
            forgotten.read(at_least=needed)
            entry = forgotten.add(user_id, requested_by)
        suppressions = forgotten.read(at_least=entry.number)
        user = User(user_id, entry.user_hash, entry.number)
        record = _begun(store, entry)
        longest = settings.max_event_bytes
        done = {
            event.name: EventErasure(store, event, user, suppressions, longest).erase()
            for event in events
        }
        live = erase_live(store, user_id)
        served = erase_postgres(settings.postgres, user_id) if settings.postgres else None
        live += erase_live(store, user_id)  # landing may have been about to write its state
        remains = [*_remains_in_lake(store, settings.lake), *_remains_in_postgres(served)]
        _finish(store, record, done)
    rows = served.rows if served else None
    return Erased(user.hash, user.number, done, live, rows, remains)


def _entries(store: Store, events: Sequence[Event]) -> int:
    """How many entries the list has had, as far as the logs know."""
    return max((LogTail(ManifestLog(store, each.name)).needed for each in events), default=0)


@contextmanager
def _alone(settings: LandingSettings) -> Iterator[None]:
    """One erasure of this machine at a time; the system frees the lock if it dies.

    Raises:
        UnavailableError: Another runs.
    """
    path = settings.home / "erase.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UnavailableError(
                "another user is being erased on this machine: try again when that is done"
            ) from error
        yield


def _begun(store: Store, entry: SuppressionEntry) -> ErasureRecord:
    standing = read_erasure(store, entry.user_hash)
    if standing is None:
        standing = ErasureRecord(
            entry.user_hash, entry.number, entry.requested_at, entry.requested_by
        )
    begun = replace(standing, finished_at=None)
    write_erasure(store, begun)
    return begun


def _finish(store: Store, record: ErasureRecord, done: Mapping[str, EventErased]) -> None:
    write_erasure(
        store,
        replace(
            record,
            finished_at=datetime.now(UTC),
            accepted={name: dict(each.hours) for name, each in done.items()},
            rejected={name: dict(each.rejects) for name, each in done.items()},
        ),
    )


def _remains_in_lake(store: Store, lake: str) -> Iterator[str]:
    if isinstance(store, FolderStore) and store.remove_unfinished(_SURELY_DEAD):
        yield (
            "the lake: beginnings of files (.tmp-…) that a killed process may have left within "
            "the last hour; erase again after that"
        )
    if "://" in lake:
        yield (
            "the bucket: where it keeps old versions or deleted objects, they end with its "
            "lifecycle rule (noncurrent versions) and its soft-delete period"
        )


def _remains_in_postgres(served: PostgresErased | None) -> Iterator[str]:
    if served is None:
        yield (
            "Postgres was not looked at, as POSTGRES_URL is not set here: if landing serves one, "
            "erase again with it"
        )
        return
    yield (
        "Postgres: its write-ahead log until the server reuses the segments, archives of it, "
        "standbys until they have caught up, and backups"
    )
    if served.not_rewritten:
        yield (
            f"Postgres: deleted rows in the files of {', '.join(served.not_rewritten)} until "
            "their owner runs `vacuum (full, analyze)`"
        )
