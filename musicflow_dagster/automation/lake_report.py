"""What Dagster is told of new batches: their counts, the hours they reached, rejects, gaps."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from contracts.events import Event
from musicflow_dagster.assets.keys import lake_key, rejected_key
from musicflow_dagster.assets.offsets_check import evaluation
from musicflow_dagster.lake_index import LakeIndex

AssetEvent = dg.AssetObservation | dg.AssetMaterialization | dg.AssetCheckEvaluation


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as the index has it; the names are those of its columns."""

    seq: int
    kind: str
    batch_at: str
    accepted: int
    bytes: int
    unknown_fields: int


class LakeReport:
    """What is new of one event since a cursor. Its cost is that of the new batches."""

    def __init__(self, index: LakeIndex, event: Event, cursor: int, most: int) -> None:
        """Look at the batches after number `cursor`, at most so many."""
        self.event = event
        self._index = index
        rows = index.query(_BATCHES, (event.name, cursor, most))
        self._batches = [Batch(*row) for row in rows]
        self.last = self._batches[-1].seq if rows else cursor

    def events(self) -> Iterator[AssetEvent]:
        """What happened, as events of assets."""
        if not self._batches:
            return
        yield from (self._batch(each) for each in self._batches)
        yield from self._hours()
        yield from self._rejects()
        yield evaluation(self._index, *self._between)

    @property
    def _between(self) -> tuple[Event, int, int]:
        """The event, and its first and last new batch."""
        return self.event, self._batches[0].seq, self.last

    def _query(self, sql: str) -> list[tuple]:
        event, first, last = self._between
        return self._index.query(sql, (event.name, first, last))

    def _batch(self, batch: Batch) -> dg.AssetObservation:
        at = dg.MetadataValue.timestamp(datetime.fromisoformat(batch.batch_at))
        return dg.AssetObservation(
            lake_key(self.event),
            metadata={
                "manifest": batch.seq,
                "kind": batch.kind,
                "batch_at": at,
                "accepted": batch.accepted,
                "bytes": batch.bytes,
                "rows_with_unknown_fields": batch.unknown_fields,
            },
        )

    def _hours(self) -> Iterator[dg.AssetMaterialization]:
        """One materialization for each hour that the batches brought rows to."""
        _, first, last = self._between
        for hour, count, size, files in self._query(_HOURS):
            numbers = {"rows_added": count, "bytes": size, "files": files}
            about = {"first_manifest": first, "last_manifest": last}
            yield dg.AssetMaterialization(
                lake_key(self.event), partition=hour, metadata=numbers | about
            )

    def _rejects(self) -> Iterator[dg.AssetMaterialization]:
        """One for each hour of judgement that got rejects: all that it has by now."""
        for (hour,) in self._query(_REJECTED_HOURS):
            reasons: Counter[str] = Counter()
            rows = self._index.query(_REJECTS_OF_HOUR, (self.event.name, hour))
            for by_reason, _ in rows:
                reasons.update(json.loads(by_reason))
            yield dg.AssetMaterialization(
                rejected_key(self.event),
                partition=hour,
                metadata={
                    "rejected": reasons.total(),
                    "by_reason": dg.MetadataValue.json(dict(sorted(reasons.items()))),
                    "bytes": sum(size for _, size in rows),
                    "batches": len(rows),
                },
            )


# Without a word SQLite would go through all of an event for the sake of its order.
_BATCHES = """
select seq, kind, batch_at, accepted, bytes, unknown_fields
from batches where event = ? and seq > ? order by seq limit ?
"""
_HOURS = """
select hour, sum(rows), sum(bytes), count(*) from files indexed by files_by_manifest
where event = ? and seq between ? and ? group by hour order by hour
"""
_REJECTED_HOURS = """
select distinct hour from rejects indexed by rejects_by_manifest
where event = ? and seq between ? and ? order by hour
"""
_REJECTS_OF_HOUR = """
select rejected_by_reason, rejected_bytes from batches
where event = ?1 and seq in (select seq from rejects where event = ?1 and hour = ?2)
"""
