"""The suppression list: who asked to be forgotten, as keyed hashes, kept in the lake.

It is a numbered log of entries that never change, so a reader keeps one number as its cursor.
Landing applies it before files are written, and every later load, backfill and replay does too.
Without the key nobody can tell whether a user is on it; the key is not in the lake.

Entries are added before anything is erased, and each writer of the lake reads the list after the
log of manifests, so that no batch after an erasure was made with an older list (`erasures.py`).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from contracts.errors import ConfigurationError, LakeError
from contracts.keys import kept_key, read_key
from contracts.lake import suppression_path
from contracts.logs import log
from contracts.store import Store
from contracts.suppression_entries import (
    ListCopy,
    SuppressionEntry,
    append_entry,
    forgotten_no_more,
    lost_entry,
    read_entries,
    read_entry,
)

KEY = "MUSICFLOW_SUPPRESSION_KEY"
KEY_FILE = "suppression.key"
_CHECKED = "suppression list"
"""What a key is known by again: its hash stands in each entry, and no user has this id."""


@dataclass(frozen=True, slots=True)
class SuppressionKey:
    """Where the key of the hashes comes from; it is read only where a list has entries."""

    configured: str | None = field(default=None, repr=False)
    home: Path | None = None
    """Work folder, for this machine's own key, and for a copy of the list."""

    def made(self) -> str:
        """The key; this machine's own is made if there is none. For who adds to the list.

        Raises:
            ConfigurationError: The file that should have it is empty.
        """
        if self.configured or self.home is None:
            return self.existing()
        return kept_key(self.home / KEY_FILE)

    def existing(self) -> str:
        """The key, for those who apply the list.

        Raises:
            ConfigurationError: There is none, so the list can't be applied; or its file is empty.
        """
        if self.configured:
            return self.configured
        path = (self.home or Path(".musicflow")) / KEY_FILE
        if not path.exists():
            raise ConfigurationError(
                f"this lake has a list of forgotten users, and its key is not here: set {KEY}, "
                f"or bring {path} from the machine where they were forgotten"
            )
        return read_key(path)


NO_KEY = SuppressionKey()
"""For lakes whose list is empty."""


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The list as it was after entry `number`; 0 and empty before the first. It may travel."""

    number: int = 0
    hashes: frozenset[str] = frozenset()
    key: str = field(default="", repr=False)
    let_in_again: int = 0
    """Users, at least, who were forgotten under a key, or by an entry, that was lost."""

    def __bool__(self) -> bool:
        """Whether anybody is on it."""
        return bool(self.hashes)

    def among(self, user_ids: Iterable[int]) -> set[int]:
        """Those of these users who are on the list; give each distinct id once."""
        if not self.hashes:
            return set()
        return {each for each in user_ids if user_hash(self.key, each) in self.hashes}


NOBODY = Suppressions()


def user_hash(key: str, user_id: int) -> str:
    """What stands for a user on the list: 64 hex digits that nobody can guess without the key.

    >>> user_hash("k", 42) == user_hash("k", 42) != user_hash("k", 43)
    True
    """
    return _hashed(key, str(user_id))


def _hashed(key: str, text: str) -> str:
    inner = hashlib.sha256(f"inner|{key}|{text}".encode()).hexdigest()
    return hashlib.sha256(f"outer|{key}|{inner}".encode()).hexdigest()


class SuppressionList:
    """The list of one lake; a second look costs one question if nothing is new."""

    def __init__(self, store: Store, key: SuppressionKey) -> None:
        """Use the list in `store`; nothing is read yet."""
        self._store = store
        self._key = key
        self._copy = ListCopy(key.home, store) if key.home else None
        self._entries: list[SuppressionEntry] = []
        self._known = NOBODY
        self._is_compared = False

    def read(self, at_least: int = 0) -> Suppressions:
        """The list as it is now; it has `at_least` so many entries.

        Raises:
            ConfigurationError: The key is missing, or another than the list was made with.
            LakeError: An entry can't be read, or is gone.
        """
        self._follow()
        if not self._is_compared:
            self._put_back()
            self._is_compared = True
        number = len(self._entries)
        if number < at_least:
            raise LakeError(
                f"{suppression_path(number + 1)} is gone, and batches were made by it: restore "
                "it, or who was forgotten would come back; where it is lost for good, `musicflow "
                "forget --new-key` goes on without it"
            )
        if number > self._known.number:
            key = self._known.key or self._key.existing()
            hashes = _hashes_of(self._entries, key)
            let_in = forgotten_no_more(self._entries, _check_of(key))
            self._known = Suppressions(number, hashes, key, let_in)
            if self._copy and self._copy.read() != self._entries:
                self._copy.keep(self._entries)
        return self._known

    def add(self, user_id: int, requested_by: str) -> SuppressionEntry:
        """Put a user on the list; the entry that stands, if it is there already.

        Raises:
            ConfigurationError: The key is another than the list was made with.
            LakeError: An entry can't be read.
        """
        # Only the first entry may make a key: later ones have to be of the same.
        return self._add(user_id, requested_by, self.read().key or self._made_key())

    def add_with_new_key(self, user_id: int, requested_by: str, at_least: int) -> SuppressionEntry:
        """The same after the key was lost, or the list itself, which had `at_least` so many.

        What stands, stays, and counts for nobody: no number is ever used for two lists. Where the
        list is under this key already, who stands on it is not added again.
        """
        key = self._made_key()
        self._follow()
        standing = self._entries[-1:]
        is_under_it = bool(standing) and standing[0].key_check == _check_of(key)
        after = 0 if is_under_it else len(self._entries)
        for number in range(len(self._entries) + 1, at_least + 1):
            self._append(_entry(lost_entry(number), _check_of(key), "unknown"))
        return self._add(user_id, requested_by, key, after)

    def _made_key(self) -> str:
        """The key of a list that begins.

        Raises:
            ConfigurationError: The lake is in a bucket: other machines would lack a key of ours.
        """
        if self._store.filesystem is not None and not self._key.configured:
            raise ConfigurationError(
                f"the lake is in a bucket: set {KEY} first, here and wherever landing and Dagster "
                "run, to the same secret (such as from `openssl rand -hex 32`)"
            )
        return self._key.made()

    def _add(self, user_id: int, requested_by: str, key: str, after: int = 0) -> SuppressionEntry:
        wanted = _entry(user_hash(key, user_id), _check_of(key), requested_by)
        entry = self._append(wanted, after)
        self.read()
        return entry

    def _append(self, wanted: SuppressionEntry, after: int = 0) -> SuppressionEntry:
        """The entry of this user `after` that number, made at the next free one if missing."""
        while True:
            self._follow()
            for entry in self._entries[after:]:
                if (entry.user_hash, entry.key_check) == (wanted.user_hash, wanted.key_check):
                    return entry
            append_entry(self._store, replace(wanted, number=len(self._entries) + 1))

    def _follow(self) -> None:
        """Take in what was appended since."""
        if not self._entries and self._copy is not None:
            self._entries = self._as_copied(self._copy.read())
        first = len(self._entries) + 1
        if self._store.exists(suppression_path(first)):
            self._entries += read_entries(self._store, first)

    def _as_copied(self, entries: list[SuppressionEntry]) -> list[SuppressionEntry]:
        """The copied entries if the lake has them: then none but the last has to be read there."""
        if not entries or not self._store.exists(suppression_path(len(entries))):
            return []
        return entries if read_entry(self._store, len(entries)) == entries[-1] else []

    def _put_back(self) -> None:
        """Append what the copy has and the lake lacks: it was lost, and is another, or an older."""
        standing = {each.user_hash for each in self._entries}
        copied = self._copy.read() if self._copy else []
        lost = [each for each in copied if each.user_hash not in standing]
        if not lost:
            return
        key = self._key.existing()
        _hashes_of(copied[-1:] if not standing else self._entries, key)
        if standing:
            lost = [each for each in lost if each.key_check == _check_of(key)]
        for entry in lost:
            self._append(entry)
        if lost:
            log.warning("the lake lacked entries of the list of forgotten users: put back",
                        entries=len(lost))  # fmt: skip


def read_suppressions(store: Store, key: SuppressionKey, at_least: int = 0) -> Suppressions:
    """The list of the lake `store` as it is now; it has `at_least` so many entries.

    Raises:
        ConfigurationError: The key is missing, or another than the list was made with.
        LakeError: An entry can't be read, or is gone.
    """
    return SuppressionList(store, key).read(at_least)


def _hashes_of(entries: Sequence[SuppressionEntry], key: str) -> frozenset[str]:
    """The hashes that count: of the key that the last entry was made with.

    Raises:
        ConfigurationError: That is another key.
    """
    check = _check_of(key)
    if entries[-1].key_check != check:
        raise ConfigurationError(
            f"{KEY} is not the key that this lake's list of forgotten users was made with: give "
            "that key, or they would come back"
        )
    return frozenset(each.user_hash for each in entries if each.key_check == check)


def _entry(user: str, check: str, requested_by: str) -> SuppressionEntry:
    """An entry that has no number yet."""
    return SuppressionEntry(0, user, check, datetime.now(UTC), requested_by)


def _check_of(key: str) -> str:
    return _hashed(key, _CHECKED)
