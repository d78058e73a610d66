"""Retention: deletes old hours of the lake, their rejects, and the manifests nothing is left of.

First a record says what is about to go, with the sums of the manifests that go; from then on
readers leave it alone. Then the files are deleted, then the manifests, oldest first. Killed at any
point, the next run finishes what the record says before it does anything else.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.errors import ConfigurationError, LakeError
from contracts.events import Event
from contracts.expiry import Expiry, append_expiry, read_expiry, remove_older
from contracts.lake import (
    LAKE_RECORD,
    hour_key,
    hour_of,
    hour_of_path,
    manifest_path,
    rejected_folder_of,
)
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog
from contracts.store import Store, open_store
from streaming.expired_sums import ExpiredSums
from streaming.lake_record import claim
from streaming.tail import LogTail


@dataclass(frozen=True, slots=True)
class Expired:
    """What a run deleted of one event."""

    event: str
    before: datetime
    """Hours before this one are gone, now or since earlier."""
    files: int
    manifests: int


def cutoff(now: datetime, retention_days: int | None, before: datetime | None) -> datetime:
    """The first hour that is kept: the one given, or as many days back as are kept.

    Raises:
        ConfigurationError: Nothing says what to delete, or the hour is not over.
    """
    if before is None and retention_days is None:
        raise ConfigurationError(
            "everything is kept: set MUSICFLOW_RETENTION_DAYS, or give --before, the first hour "
            "to keep"
        )
    first_kept = before or hour_of(now - timedelta(days=retention_days or 0))
    if first_kept > hour_of(now):
        raise ConfigurationError(f"--before {hour_key(first_kept)} is in the future")
    return first_kept


def expire(lake: str, events: Sequence[Event], before: datetime) -> list[Expired]:
    """Delete what is older than the hour `before` of these events, and nothing else.

    Raises:
        LakeError: There is no lake, or one of its records can't be read.
        ConflictError: Another run expires the same event.
    """
    store = open_store(lake)
    if not store.exists(LAKE_RECORD):
        raise LakeError(f"there is no lake in {lake}: give --lake, or land something")
    claim(store)
    return [expire_event(store, event.name, before) for event in events]


def expire_event(store: Store, name: str, before: datetime) -> Expired:
    """Delete what is older than the hour `before` of one event.

    Raises:
        LakeError: A record of the lake can't be read.
        ConflictError: Another run expires the same event.
    """
    standing = read_expiry(store, name)
    files = manifests = 0
    if standing:
        # What a run that was killed left, and what a batch that was in hand then has brought.
        files, manifests = _sweep(store, standing)
    if standing is None or before > standing.before:
        fresh = _decided(store, name, standing, before)
        append_expiry(store, fresh)
        more = _sweep(store, fresh)
        files, manifests, standing = files + more[0], manifests + more[1], fresh
    log.info("hours expired", event_name=name, before=hour_key(standing.before), files=files,
             manifests=manifests)  # fmt: skip
    return Expired(name, standing.before, files, manifests)


def _decided(store: Store, name: str, standing: Expiry | None, before: datetime) -> Expiry:
    """The record of what goes: the manifests at the log's beginning of which nothing is kept.

    The last manifest of the chain of offsets always stays, because landing goes on from it.
    """
    manifests = ManifestLog(store, name)
    tail = LogTail(manifests)
    kept_from = tail.stream_seq or tail.seq
    sums = ExpiredSums(standing)
    old = itertools.takewhile(
        lambda each: each.seq < kept_from and _has_expired(each, before),
        manifests.after(standing.seq if standing else 0),
    )
    for manifest in old:
        sums.add(manifest)
    return sums.expiry(name, before, datetime.now(UTC))


def _has_expired(manifest: Manifest, before: datetime) -> bool:
    """Whether nothing of the batch is kept; its record is, as long as the hour it was made in."""
    files = (*manifest.files, *manifest.rejected_files)
    hours = {each.hour for each in files} | {each.hour for each in manifest.erased}
    return manifest.committed_at < before and all(each < hour_key(before) for each in hours)


def _sweep(store: Store, expiry: Expiry) -> tuple[int, int]:
    """Delete what the record says; how many files and manifests went."""
    folders = (expiry.event, rejected_folder_of(expiry.event))
    old = [path for folder in folders for path in _files_before(store, folder, expiry.before)]
    for path in old:
        store.delete(path)
    gone = list(_manifests_up_to(store, expiry))
    for path in reversed(gone):
        store.delete(path)
    remove_older(store, expiry)
    return len(old), len(gone)


def _files_before(store: Store, folder: str, before: datetime) -> Iterator[str]:
    """Files in the folders of old hours: a listing is in order of time, so it stops there."""
    for path in store.list(folder):
        hour = hour_of_path(path)
        if hour is not None and hour >= before:
            return
        if hour is not None:
            yield path


def _manifests_up_to(store: Store, expiry: Expiry) -> Iterator[str]:
    """The expired manifests that still stand, newest first: they are deleted oldest first."""
    for seq in range(expiry.seq, 0, -1):
        path = manifest_path(expiry.event, seq)
        if not store.exists(path):
            return
        yield path
