"""The newest end of an event's manifest log, as far as streaming must know it."""

from contracts.lake import manifest_path
from contracts.manifests import CHAIN, Manifest, ManifestLog


class LogTail:
    """Follows the log: its last number, and the last manifest of the chain of offsets."""

    def __init__(self, log: ManifestLog, hint: int = 0) -> None:
        """Find the end of `log`; `hint` is a number that may stand, for a quicker search."""
        self._log = log
        self.fence = 0
        """Number of the newest suppression list that an erasure since then has asked for."""
        self.needed = 0
        """Entries that the list had when what is known of the log was made."""
        stands = hint > 0 and log.store.exists(manifest_path(log.event_name, hint))
        self.seq = log.last(hint if stands else 0)
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

        It never expires, so that the search ends there.
        """
        for seq in range(self.seq, self._log.expired(), -1):
            manifest = self._log.read(seq)
            self.needed = max(self.needed, manifest.suppressions)
            if manifest.kind in CHAIN:
                return manifest
        return None
