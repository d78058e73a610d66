"""The sums of batches: offsets against judged rows, rows against files, batch against batch.

They come from the manifests alone, by way of the index. Where an operator has accepted that
offsets are missing, the gap stands in the log as batches do, and is shown.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.events import EVENTS
from contracts.gaps import Hole
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.recount import Finding


def batch_findings(index: LakeIndex) -> Iterator[Finding]:
    """Batches whose offsets or files don't add up, and gaps or overlaps between batches."""
    for event, seq, what in index.query(_BATCHES_THAT_FAIL):
        yield Finding(event, f"manifest {seq}", what)


def batch_totals(index: LakeIndex) -> dict[str, dict[str, int]]:
    """Per event, over all batches and gaps: offsets, accepted, rejected, not data, missing."""
    names = ("offsets", "accepted", "rejected", "not_data", "missing")
    found = {event: numbers for event, *numbers in index.query(_TOTALS)}
    return {
        event.name: dict(zip(names, found.get(event.name, (0, 0, 0, 0, 0)), strict=True))
        for event in EVENTS
    }


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


def accepted_gaps(index: LakeIndex) -> list[AcceptedGap]:
    """All gaps that were ever accepted."""
    return [
        AcceptedGap(seq, Hole(*hole), by, at) for seq, by, at, *hole in index.query(_ACCEPTED_GAPS)
    ]


_ACCEPTED_GAPS = """
select seq, accepted_by, accepted_at, topic, partition, lake_end, resumes_at, cause
from gaps order by accepted_at, event, partition
"""
_TOTALS = """
select event, coalesce(read, 0), accepted, rejected, coalesce(not_data, 0), coalesce(missing, 0)
from (select event, sum(accepted) as accepted, sum(rejected) as rejected
  from batches group by event)
left join (select event, sum(end - first) as read, sum(not_data) as not_data,
  sum(missing) as missing from offsets group by event) using (event)
"""
_BATCHES_THAT_FAIL = """
select event, seq, 'partition ' || partition || ': ' || (end - first) || ' offsets, '
  || (accepted + rejected + not_data + missing) || ' accounted for' as what
from offsets where end - first <> accepted + rejected + not_data + missing
union all
select event, seq, 'partition ' || partition || ': starts at offset ' || first
  || ', the batch before ended at ' || before
from (
  select *, lag(end) over (partition by event, topic, partition order by seq) as before
  from offsets where kind in ('stream', 'gap', 'expired')) as o
left join gaps as g using (event, topic, partition, seq)
where first <> before and o.kind <> 'expired'
  and not coalesce(g.cause = 'reset' and g.lake_end = before, false)
union all
select event, seq, accepted || ' rows accepted, ' || rows_in_files || ' in the files'
from batches where accepted <> rows_in_files
union all
select event, seq, rejected || ' rows rejected, ' || rejects_in_files || ' in the files'
from batches where rejected <> rejects_in_files
union all
select event, seq, (b.accepted + b.rejected) || ' rows judged, its partitions have ' || judged
from batches as b
join (select event, seq, sum(accepted + rejected) as judged from offsets group by 1, 2)
  using (event, seq)
where kind = 'stream' and b.accepted + b.rejected <> judged
order by 1, 2
"""
