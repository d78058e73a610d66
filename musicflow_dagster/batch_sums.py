"""The sums of batches: offsets against judged rows, rows against files, batch against batch.

They come from the manifests alone, by way of the index.
"""

from collections.abc import Iterator

from contracts.events import EVENTS
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.recount import Finding


def batch_findings(index: LakeIndex) -> Iterator[Finding]:
    """Batches whose offsets or files don't add up, and gaps or overlaps between batches."""
    for event, seq, what in index.query(_BATCHES_THAT_FAIL):
        yield Finding(event, f"manifest {seq}", what)


def batch_totals(index: LakeIndex) -> dict[str, dict[str, int]]:
    """Per event, over all batches: offsets read, accepted, rejected, not data."""
    names = ("offsets", "accepted", "rejected", "not_data")
    found = {event: numbers for event, *numbers in index.query(_TOTALS)}
    return {
        event.name: dict(zip(names, found.get(event.name, (0, 0, 0, 0)), strict=True))
        for event in EVENTS
    }


_TOTALS = """
select event, coalesce(read, 0), accepted, rejected, coalesce(not_data, 0)
from (select event, sum(accepted) as accepted, sum(rejected) as rejected
  from batches group by event)
left join (select event, sum(end - first) as read, sum(not_data) as not_data
  from offsets group by event) using (event)
"""
_BATCHES_THAT_FAIL = """
select event, seq, 'partition ' || partition || ': ' || (end - first) || ' offsets, '
  || (accepted + rejected + not_data) || ' accounted for' as what
from offsets where end - first <> accepted + rejected + not_data
union all
select event, seq, 'partition ' || partition || ': starts at offset ' || first
  || ', the batch before ended at ' || before
from (
  select *, lag(end) over (partition by event, topic, partition order by seq) as before
  from offsets where kind = 'stream')
where first <> before
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
