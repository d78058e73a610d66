"""An event's log as an erasure sees it: the files that stand, and what was erased of them."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from contracts.errors import LakeError
from contracts.expiry import read_expiry
from contracts.lake import hour_key
from contracts.manifests import Manifest, ManifestLog

AT_ONCE = 8
"""Records and files that are read side by side: a bucket answers one after a while, but many."""
REJECT_FILES_AT_ONCE = 4
"""Each reject may be as long as Kafka lets a message be."""


@dataclass(frozen=True, slots=True)
class StandingFile:
    """A file that a manifest names."""

    path: str
    hour: str
    content: str
    """Hash of the batch file that it came from; empty if it came from Kafka."""
    suppressions: int
    """Number of the suppression list that was applied to it."""


class EventLog:
    """The log from its beginning; `refresh` takes in what is new."""

    def __init__(self, manifests: ManifestLog) -> None:
        """Read the log."""
        self.manifests = manifests
        self.seq = manifests.expired()
        self.files: dict[str, StandingFile] = {}
        self.erasures: list[Manifest] = []
        self._pool_from(manifests.last(self.seq))
        self.refresh()

    def refresh(self) -> None:
        """Take in what was appended since."""
        for manifest in self.manifests.after(self.seq):
            self._take(manifest)

    def kept(self) -> list[StandingFile]:
        """Files of hours that have not expired."""
        expiry = read_expiry(self.manifests.store, self.manifests.event_name)
        first_kept = hour_key(expiry.before) if expiry else ""
        return [each for each in self.files.values() if each.hour >= first_kept]

    def is_kept(self, hour: str) -> bool:
        """Whether this hour has not expired, now."""
        expiry = read_expiry(self.manifests.store, self.manifests.event_name)
        return expiry is None or hour >= hour_key(expiry.before)

    def of_user(self, user_hash: str) -> list[Manifest]:
        """The erasures of one user, oldest first."""
        return [each for each in self.erasures if each.user_hash == user_hash]

    def owed(self) -> dict[str, frozenset[str]]:
        """Whose rows files have to lose, by path."""
        users: defaultdict[str, set[str]] = defaultdict(set)
        for manifest in self.erasures:
            for each in manifest.erased:
                users[each.path].add(manifest.user_hash)
        return {path: frozenset(each) for path, each in users.items()}

    def _pool_from(self, last: int) -> None:
        """Read all up to the manifest `last`, several at a time, in their order."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for manifest in pool.map(self._read, range(self.seq + 1, last + 1)):
                if manifest is not None:
                    self._take(manifest)

    def _read(self, seq: int) -> Manifest | None:
        """A manifest; None if it has expired since the log was looked at."""
        try:
            return self.manifests.read(seq)
        except LakeError:
            if seq > self.manifests.expired():
                raise
            return None

    def _take(self, manifest: Manifest) -> None:
        self.seq = manifest.seq
        if manifest.kind == "erasure":
            self.erasures.append(manifest)
        self.files.update({each.path: each for each in _files(manifest)})


def _files(manifest: Manifest) -> Iterator[StandingFile]:
    content = manifest.writer if manifest.kind == "files" else ""
    for each in (*manifest.files, *manifest.rejected_files):
        yield StandingFile(each.path, each.hour, content, manifest.suppressions)
