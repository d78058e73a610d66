"""The sums of batches: offsets against judged rows, rows against files, batch against batch.

They come from the manifests alone, by way of the index. Where an operator has accepted that
offsets are missing, the gap stands in the log as batches do, and is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.events import EVENTS
from contracts.gaps import Hole
from musicflow_dagster.counted import Finding
from musicflow_dagster.lake_index import LakeIndex

FROM_THE_BEGINNING, TO_THE_END = -(10**15), 10**15
"""Below and above all numbers of manifests."""


@dataclass(frozen=True, slots=True)
class AcceptedGap:
    """What Kafka lost of one partition before it landed, and who accepted it when."""

    manifest: int
    hole: Hole
    accepted_by: str
    accepted_at: str

    def __str__(self) -> str:
        """The gap in a line."""
        return f"{self.hole}; accepted by {self.accepted_by} at {self.accepted_at}"


def batch_findings(index: LakeIndex) -> Iterator[Finding]:
    """Batches whose offsets or files don't add up, and breaks in the chain of offsets."""
    for event in EVENTS:
        yield from findings_between(index, event.name, FROM_THE_BEGINNING, TO_THE_END)


def findings_between(index: LakeIndex, event: str, first: int, last: int) -> Iterator[Finding]:
    """The same of an event's manifests `first` to `last`, without a look at older ones."""
    for number, what in index.query(_BATCHES_THAT_FAIL, (event, first, last)):
        yield Finding(event, f"manifest {number}", what)


def batch_totals(index: LakeIndex) -> dict[str, dict[str, int]]:
    """Per event, over all batches and gaps: offsets, and what became of them."""
    names = ("offsets", "accepted", "rejected", "suppressed", "not_data", "missing")
    found = {event: numbers for event, *numbers in index.query(_TOTALS)}
    return {
        event.name: dict(zip(names, found.get(event.name, (0,) * len(names)), strict=True))
        for event in EVENTS
    }


def accepted_gaps(index: LakeIndex, event: str = "%") -> list[AcceptedGap]:
    """All gaps that were ever accepted, of all events or of one."""
    rows = index.query(_ACCEPTED_GAPS, (event,))
    return [AcceptedGap(seq, Hole(*hole), by, at) for seq, by, at, *hole in rows]


_ACCEPTED_GAPS = """
select seq, accepted_by, accepted_at, topic, partition, lake_end, resumes_at, cause
from gaps where event like ? order by accepted_at, event, partition
"""
_TOTALS = """
select event, coalesce(read, 0), accepted, rejected, coalesce(suppressed, 0),
  coalesce(not_data, 0), coalesce(missing, 0)
from (select event, sum(accepted) as accepted, sum(rejected) as rejected
  from batches group by event)
left join (select event, sum(end - first) as read, sum(not_data) as not_data,
  sum(missing) as missing, sum(suppressed) as suppressed from offsets group by event) using (event)
"""
_BATCHES_THAT_FAIL = """
with looked_at as (
  select * from offsets indexed by offsets_by_manifest
  where event = ?1 and seq between ?2 and ?3),
chained as (
  select *, lag(end) over (partition by topic, partition order by seq) as before
  from offsets indexed by offsets_by_manifest
  where event = ?1 and kind in ('stream', 'gap', 'expired') and seq <= ?3 and seq >= coalesce(
    (select seq from batches where event = ?1 and kind in ('stream', 'gap', 'expired')
      and seq < ?2 order by seq desc limit 1), ?2)),
batch as (select * from batches where event = ?1 and seq between ?2 and ?3)
select seq, 'partition ' || partition || ': ' || (end - first) || ' offsets, '
  || (accepted + rejected + suppressed + not_data + missing) || ' accounted for' as what
from looked_at where end - first <> accepted + rejected + suppressed + not_data + missing
union all
select seq, 'partition ' || partition || ': starts at offset ' || first
  || ', the batch before ended at ' || before
from chained as c
left join gaps as g using (event, topic, partition, seq)
where first <> before and c.kind <> 'expired' and seq >= ?2
  and not coalesce(g.cause = 'reset' and g.lake_end = before, false)
union all
select seq, accepted || ' rows accepted, ' || rows_in_files || ' in the files'
from batch where accepted <> rows_in_files
union all
select seq, rejected || ' rows rejected, ' || rejects_in_files || ' in the files'
from batch where rejected <> rejects_in_files
union all
select seq, (b.accepted + b.rejected) || ' rows judged, its partitions have ' || judged
from batch as b
join (select seq, sum(accepted + rejected) as judged from looked_at group by 1) using (seq)
where kind = 'stream' and b.accepted + b.rejected <> judged
order by 1
"""
