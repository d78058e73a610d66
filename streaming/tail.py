"""The newest end of an event's manifest log, as far as streaming must know it."""

from contracts.lake import manifest_path
from contracts.manifests import CHAIN, BatchKind, Manifest, ManifestLog
from contracts.progress import read_progress

KNOW: frozenset[BatchKind] = frozenset({"stream", "erasure"})
"""Kinds that always say how long the suppression list was."""


class LogTail:
    """Follows the log: its last number, and the last manifest of the chain of offsets."""

    def __init__(self, log: ManifestLog, hint: int = 0) -> None:
        """Find the end of `log`; `hint` is a number that may stand, for a quicker search."""
        self._log = log
        self.fence = 0
        """Number of the newest suppression list that an erasure since then has asked for."""
        self.needed = 0
        """Entries that the list had when what is known of the log was made."""
        self.seq = _last(log, hint)
        self.stream = self._last_stream()

    def refresh(self) -> None:
        """Take in what was appended since."""
        for manifest in self._log.after(self.seq):
            self.take(manifest)

    def take(self, manifest: Manifest) -> None:
        """Take in the manifest that was appended next."""
        self.seq = manifest.seq
        self.needed = max(self.needed, manifest.suppressions)
        if manifest.kind in CHAIN:
            self.stream = manifest
        if manifest.kind == "erasure":
            self.fence = max(self.fence, manifest.suppressions)

    @property
    def stream_seq(self) -> int:
        """Number of the last manifest of a stream, or of a gap in one; 0 if there is none."""
        return self.stream.seq if self.stream else 0

    @property
    def ends(self) -> dict[int, int]:
        """Offsets per Kafka partition up to which all is committed."""
        return self.stream.end_offsets() if self.stream else {}

    def _last_stream(self) -> Manifest | None:
        """The last of the chain: behind replays and files, of which there are few.

        It never expires, so that the search ends there. But a gap may not know how long the
        suppression list was: what comes before it does.
        """
        last = None
        for seq in range(self.seq, self._log.expired(), -1):
            manifest = self._log.read(seq)
            self.needed = max(self.needed, manifest.suppressions)
            if last is None and manifest.kind in CHAIN:
                last = manifest
            if last is not None and (manifest.kind in KNOW or manifest.suppressions):
                break
        return last


def entries_needed(log: ManifestLog) -> int:
    """Entries that the suppression list had when the newest manifest was made.

    It reads that one alone, or behind gaps that may not know it, for those who begin often:
    `LogTail` may have to look for long where all has come from files.
    """
    progress = read_progress(log.store, log.event_name)
    last = _last(log, progress.last_seq if progress else 0)
    for seq in range(last, log.expired(), -1):
        manifest = log.read(seq)
        if manifest.kind != "gap" or manifest.suppressions:
            return manifest.suppressions
    return 0


def _last(log: ManifestLog, hint: int) -> int:
    """Number of the newest manifest; `hint` may stand, or a lake that was set back lacks it."""
    stands = hint > 0 and log.store.exists(manifest_path(log.event_name, hint))
    return log.last(hint if stands else 0)
