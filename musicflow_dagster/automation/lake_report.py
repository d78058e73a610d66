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
from musicflow_dagster.assets.rejects_check import rejects_evaluation
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
    bytes_in: int | None
    seconds: float | None
    lag_messages: int | None
    lag_seconds: float | None
    delay_p50_seconds: float | None
    delay_p95_seconds: float | None

    @property
    def measures(self) -> dict[str, int | float]:
        """How it went, as far as landing has measured it; all to be plotted."""
        known = {
            "bytes_in": self.bytes_in,
            "seconds": self.seconds,
            "lag_messages": self.lag_messages,
            "lag_seconds": self.lag_seconds,
            "delay_p50_seconds": self.delay_p50_seconds,
            "delay_p95_seconds": self.delay_p95_seconds,
        }
        return {name: round(value, 3) for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class ReportRules:
    """Most batches that are reported at once, and the share of rejects that nobody minds."""

    batches: int
    reject_share: float


class LakeReport:
    """What is new of one event since a cursor. Its cost is that of the new batches."""

    def __init__(self, index: LakeIndex, event: Event, cursor: int, rules: ReportRules) -> None:
        """Look at the batches after number `cursor`, at most so many."""
        self.event = event
        self._index, self._rules = index, rules
        rows = index.query(_BATCHES, (event.name, cursor, rules.batches))
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
                **batch.measures,
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

    def _rejects(self) -> Iterator[AssetEvent]:
        """For each hour of judgement that got rejects: all that it has by now, and a verdict."""
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
            yield rejects_evaluation(self._index, self.event, hour, self._rules.reject_share)


# Without a word SQLite would go through all of an event for the sake of its order.
_BATCHES = """
select seq, kind, batch_at, accepted, bytes, unknown_fields,
  bytes_in, seconds, lag_messages, lag_seconds, delay_p50_seconds, delay_p95_seconds
from batches left join measures using (event, seq)
where event = ? and seq > ? order by seq limit ?
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
