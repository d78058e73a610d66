"""Entries of the suppression list, in the lake and as a copy in a work folder.

The copy is for the day on which the lake is lost: whoever reads the list keeps one beside the key,
and puts back what a lake at the same address lacks. Otherwise all who are forgotten would come
back with what Kafka, or a backup, still has.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count, takewhile
from pathlib import Path

import msgspec

from contracts.errors import LakeError, UnavailableError
from contracts.lake import suppression_folder, suppression_path
from contracts.logs import log
from contracts.store import FolderStore, Store

FORMAT = 1
AT_ONCE = 16
_LOST = "lost "
"""Begins what stands in place of the hash where an entry itself was lost."""


@dataclass(frozen=True, slots=True)
class SuppressionEntry:
    """One user who is on the list."""

    number: int
    user_hash: str
    key_check: str
    """Hash of a constant, by which another key is noticed."""
    requested_at: datetime
    requested_by: str
    format: int = FORMAT


def read_entry(store: Store, number: int) -> SuppressionEntry:
    """Entry `number` of the list in the lake.

    Raises:
        LakeError: It is gone, can't be read, or has a newer format.
    """
    path = suppression_path(number)
    try:
        entry = msgspec.json.decode(store.read(path), type=SuppressionEntry)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the record {path} cannot be read: {error}") from error
    if entry.format > FORMAT:
        raise LakeError(
            f"the record {path} has format {entry.format}, this version reads up to {FORMAT}: "
            "upgrade this station"
        )
    return entry


def read_entries(store: Store, first: int) -> list[SuppressionEntry]:
    """All entries from number `first` on, several read at a time: a bucket answers after a while.

    Raises:
        LakeError: One can't be read, or has a newer format.
    """
    standing = set(store.list(suppression_folder()))
    numbers = takewhile(lambda each: suppression_path(each) in standing, count(first))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(partial(read_entry, store), numbers))


def append_entry(store: Store, entry: SuppressionEntry) -> bool:
    """Make the entry stand at its number; False if another has taken it."""
    return store.put_if_absent(suppression_path(entry.number), msgspec.json.encode(entry))


def lost_entry(number: int) -> str:
    """What stands in place of the hash in an entry for one that was lost."""
    return f"{_LOST}{number}"


def forgotten_no_more(entries: Sequence[SuppressionEntry], key_check: str) -> int:
    """How many users, at least, were forgotten by what counts no more, and not again since.

    Which they are nobody can tell without the lost key. Who was forgotten under several lost keys
    may be the same each time, so only the longest list counts.
    """
    listed: defaultdict[tuple[str, bool], set[str]] = defaultdict(set)
    again: set[str] = set()
    for entry in entries:
        is_lost = entry.user_hash.startswith(_LOST)
        listed[entry.key_check, is_lost].add(entry.user_hash)
        if listed.keys() - {(key_check, False)} and entry.key_check == key_check and not is_lost:
            again.add(entry.user_hash)
    of_lost_keys = (len(users) for (check, _), users in listed.items() if check != key_check)
    lost = max(of_lost_keys, default=0) + len(listed[key_check, True])
    return max(lost - len(again), 0)


class ListCopy:
    """The copy of one lake's list in a work folder."""

    def __init__(self, home: Path, store: Store) -> None:
        """Keep it below `home`, by the address of the lake."""
        address = hashlib.blake2b(store.url("").encode(), digest_size=8).hexdigest()
        self._folder = FolderStore(home)
        self._path = f"suppressed/{address}.json"

    def read(self) -> list[SuppressionEntry]:
        """The entries; none if there is no copy.

        Raises:
            LakeError: It can't be read.
        """
        if not self._folder.exists(self._path):
            return []
        try:
            written = self._folder.read(self._path)
            return msgspec.json.decode(written, type=list[SuppressionEntry])
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise LakeError(
                f"{self._folder.url(self._path)}, the copy of the list of forgotten users, cannot "
                f"be read: {error}"
            ) from error

    def keep(self, entries: Iterable[SuppressionEntry]) -> None:
        """Replace the copy; a folder that can't be written to gets none."""
        try:
            self._folder.put(self._path, msgspec.json.encode(list(entries)))
        except UnavailableError as error:
            log.warning("no copy of the list of forgotten users is kept", problem=str(error))
