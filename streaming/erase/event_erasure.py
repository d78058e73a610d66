"""Erasing a user from one event's files: found, put on record in the log, then rewritten.

The manifest of the erasure is bound to one number of the log: all before it was searched, and
whatever is committed after it was made with a suppression list that has the user. It stands even
if nothing was found. Killed at any point, the next run goes on from what the log says.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from contracts.errors import ConflictError, LakeError
from contracts.events import CONTRACT_VERSION, Event
from contracts.lake import is_of_rejects, suppression_path
from contracts.logs import log
from contracts.manifests import FORMAT, ErasedFile, Manifest, ManifestLog
from contracts.store import Store
from contracts.suppression import Suppressions
from streaming.attempts import remove_void
from streaming.erase.event_log import AT_ONCE, REJECT_FILES_AT_ONCE, EventLog, StandingFile
from streaming.erase.finding import Finder, User, both
from streaming.erase.rewriting import Findings, rewrite, search

NO_USER: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EventErased:
    """What is erased of one event, by this run and those before it."""

    hours: Mapping[str, int]
    """Accepted rows by hour of the events."""
    rejects: Mapping[str, int]
    """Rejects by hour of judgement."""
    files: int
    """Files that held them."""
    unfinished: int
    """Files of unfinished batches that were removed."""


@dataclass
class EventErasure:
    """Erases one user from one event's files."""

    store: Store
    event: Event
    user: User
    suppressions: Suppressions
    """The list, with the user on it."""
    longest: int
    """Bytes of a message at most."""
    _found: dict[str, Findings] = field(default_factory=dict)
    """What was found in the files that were searched, by path."""

    def __post_init__(self) -> None:
        """Read the log."""
        self._log = EventLog(ManifestLog(self.store, self.event.name))
        self._finder = Finder(self.store, self.event, self.longest)

    def erase(self) -> EventErased:
        """Erase; what is erased now.

        Raises:
            LakeError: A file or a record can't be read.
            UnavailableError: The disk is full, read-only or forbidden; or the bucket is.
        """
        self._put_on_record()
        removed = remove_void(self.store, self.event.name, self.user.number, self._log.files.keys())
        rewritten = self._rewrite_all()
        done = self._done(removed)
        log.info("erased", event_name=self.event.name, rows=sum(done.hours.values()),
                 rejects=sum(done.rejects.values()), rewritten=rewritten,
                 unfinished=removed)  # fmt: skip
        return done

    def _check_list(self) -> None:
        """No batch may have been made with a longer list: by its number files are passed over.

        Raises:
            LakeError: One was; the list has lost entries.
        """
        if any(each.suppressions > self.suppressions.number for each in self._log.files.values()):
            raise LakeError(
                f"{self.event.name}: batches were made with a longer list of forgotten users than "
                f"the lake has: restore {suppression_path(self.suppressions.number + 1)}, or give "
                "--new-key and forget all of them again"
            )

    def _put_on_record(self) -> None:
        """Append what was found; the log is searched again up to where that succeeds."""
        while True:
            self._log.refresh()
            self._check_list()
            mine = self._log.of_user(self.user.hash)
            named = {each.path for manifest in mine for each in manifest.erased}
            self._search(each for each in self._log.kept() if each.path not in named)
            new = [path for path, found in self._found.items() if found and path not in named]
            if mine and not new:
                return
            try:
                self._log.manifests.append(self._manifest(new))
            except ConflictError:
                # What we found, another erasure may have put on record as its own.
                self._found = {path: found for path, found in self._found.items() if not found}
                continue
            self._log.refresh()
            return

    def _search(self, files: Iterable[StandingFile]) -> None:
        """Search files that were not searched yet."""
        left = [
            each
            for each in files
            if each.path not in self._found and each.suppressions < self.user.number
        ]
        owed = self._log.owed()
        others = {each.path: owed.get(each.path, NO_USER) - {self.user.hash} for each in left}
        for of_rejects, at_once in ((False, AT_ONCE), (True, REJECT_FILES_AT_ONCE)):
            paths = [each for each in others if is_of_rejects(each) == of_rejects]
            with ThreadPoolExecutor(at_once) as pool:
                found = pool.map(lambda path: self._findings(path, others[path]), paths)
                self._found.update(zip(paths, found, strict=True))

    def _findings(self, path: str, others: frozenset[str]) -> Findings:
        """What a file has of the user; rows that it owes to others already are theirs.

        Such rows count once, but the file is named: they are not to wait for the others' erasure.
        """
        file, columns = self._log.files[path], self._finder.columns(path)
        clean = self._finder.clean(path, file.content, self.user.among)
        try:
            found = search(self.store, path, columns, clean)
            if not (found and others):
                return found
            first = self._finder.clean(path, file.content, self._of(others).among)
            lost = search(self.store, path, columns, both(first, clean)).lost
            return Findings(lost, found.blanked + found.lost - lost)
        except LakeError:
            if self._log.is_kept(file.hour):
                raise
            return Findings()  # it has expired meanwhile

    def _of(self, users: frozenset[str]) -> Suppressions:
        """A list of these users alone."""
        return Suppressions(self.suppressions.number, users, self.suppressions.key)

    def _manifest(self, paths: Iterable[str]) -> Manifest:
        now = datetime.now(UTC)
        files = (self._log.files[path] for path in sorted(paths))
        return Manifest(
            event=self.event.name,
            seq=self._log.seq + 1,
            kind="erasure",
            writer=self.user.hash,
            batch=self.user.number,
            batch_at=now,
            committed_at=now,
            contract_version=CONTRACT_VERSION,
            offsets=(),
            accepted=0,
            rejected=0,
            rejected_by_reason={},
            files=(),
            rejected_files=(),
            format=FORMAT,
            suppressions=self.user.number,
            erased=tuple(ErasedFile(f.path, f.hour, self._found[f.path].lost) for f in files),
        )

    def _rewrite_all(self) -> int:
        """Rewrite the user's files, without all rows that erasures say they lose; how many.

        Another erasure, on another machine, may name a file while it is rewritten here: then it
        is rewritten once more.
        """
        settled: dict[str, frozenset[str]] = {}
        rewritten = 0
        while True:
            self._log.refresh()
            owed = self._log.owed()
            mine = {path: users for path, users in owed.items() if self.user.hash in users}
            due = [path for path, users in mine.items() if settled.get(path) != users]
            if not due:
                return rewritten
            for path in due:
                rewritten += self._rewrite(self._log.files.get(path), mine[path])
                settled[path] = mine[path]

    def _rewrite(self, file: StandingFile | None, users: frozenset[str]) -> bool:
        """Whether a file still had rows of these users, and has none from now on."""
        if file is None or not self._log.is_kept(file.hour):
            return False
        clean = self._finder.clean(file.path, file.content, self._of(users).among)
        try:
            return bool(rewrite(self.store, file.path, clean))
        except LakeError:
            if self._log.is_kept(file.hour):
                raise
            return False

    def _done(self, removed: int) -> EventErased:
        hours: Counter[str] = Counter()
        rejects: Counter[str] = Counter()
        erased = [
            each for manifest in self._log.of_user(self.user.hash) for each in manifest.erased
        ]
        for each in erased:
            if each.rows:
                (rejects if is_of_rejects(each.path) else hours)[each.hour] += each.rows
        return EventErased(
            dict(sorted(hours.items())),
            dict(sorted(rejects.items())),
            len({each.path for each in erased}),
            removed,
        )
