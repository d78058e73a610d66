"""What expired manifests said, added up, so that the log can still be added up without them."""

from collections import Counter
from dataclasses import replace
from datetime import datetime

from contracts.expiry import ExpiredGap, Expiry, OffsetSums
from contracts.manifests import Manifest, PartitionRange


class ExpiredSums:
    """Adds manifests, in their order, to what had expired before."""

    def __init__(self, standing: Expiry | None) -> None:
        """Go on from the record that holds now, if there is one."""
        self._standing = standing
        self._seq = standing.seq if standing else 0
        self._over = [each for each in standing.offsets if each.is_over] if standing else []
        self._open = {
            (each.topic, each.partition): each
            for each in (standing.offsets if standing else ())
            if not each.is_over
        }
        self._gaps = list(standing.gaps) if standing else []
        self._accepted = standing.accepted if standing else 0
        self._rejected = standing.rejected if standing else 0
        self._reasons = Counter(standing.rejected_by_reason if standing else {})
        self._unknown = standing.rows_with_unknown_fields if standing else 0
        self._suppressed = standing.suppressed if standing else 0
        self._newest = standing.max_occurred_at if standing else None

    def add(self, manifest: Manifest) -> None:
        """Add the next manifest of the log."""
        self._seq = manifest.seq
        self._accepted += manifest.accepted
        self._rejected += manifest.rejected
        self._suppressed += manifest.suppressed
        self._reasons.update(manifest.rejected_by_reason)
        self._unknown += manifest.rows_with_unknown_fields
        times = [each for each in (self._newest, manifest.max_occurred_at) if each]
        self._newest = max(times, default=None)
        if manifest.gap is not None:
            self._gaps.append(ExpiredGap(manifest.seq, manifest.committed_at, manifest.gap))
            for hole in manifest.gap.holes:
                if hole.cause != "deleted":
                    self._close(hole.topic, hole.partition)
        for each in manifest.offsets:
            self._extend(each)

    def expiry(self, event_name: str, before: datetime, at: datetime) -> Expiry:
        """The record, one number above the one that holds now."""
        return Expiry(
            event=event_name,
            number=self._standing.number + 1 if self._standing else 1,
            before=before,
            seq=self._seq,
            expired_at=at,
            offsets=(*self._over, *self._open.values()),
            accepted=self._accepted,
            rejected=self._rejected,
            rejected_by_reason=dict(sorted(self._reasons.items())),
            rows_with_unknown_fields=self._unknown,
            max_occurred_at=self._newest,
            gaps=tuple(self._gaps),
            suppressed=self._suppressed,
        )

    def _close(self, topic: str, partition: int) -> None:
        """No batch goes on where this partition ended."""
        ended = self._open.pop((topic, partition), None)
        if ended:
            self._over.append(replace(ended, is_over=True))

    def _extend(self, added: PartitionRange) -> None:
        key = added.topic, added.partition
        before = self._open.get(key)
        if before is None:
            before = OffsetSums(added.topic, added.partition, added.start, added.start, 0, 0, 0)
        self._open[key] = replace(
            before,
            end=added.end,
            accepted=before.accepted + added.accepted,
            rejected=before.rejected + added.rejected,
            not_data=before.not_data + added.not_data,
            missing=before.missing + added.missing,
            suppressed=before.suppressed + added.suppressed,
        )
