"""The proof that nothing was lost or doubled: every equation of every hop, batch and hour.

Per batch and Kafka partition: offsets = accepted + rejected + not data, without gaps between
batches. Per event hour: accepted + replayed + from files = raw + duplicates + erased, and
raw = facts. The lake's side comes from the manifests, the warehouse's from what was published.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.events import EVENTS
from contracts.lake import hour_key, parse_hour_key
from musicflow_dagster.accounts import FACTS
from musicflow_dagster.hours import HourRange, aware
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.publication import BUILT_HOURS, rows_of


@dataclass(frozen=True, slots=True)
class Finding:
    """An equation that doesn't hold: of which event, where, and the two numbers or states."""

    event: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class EventTotals:
    """One event's messages, hop by hop, over the hours asked for (offsets: over all batches)."""

    offsets: int
    accepted: int
    rejected: int
    not_data: int
    landed_rows: int
    raw_rows: int
    duplicates: int
    conflicting_duplicates: int
    hours: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All totals, and every equation that failed."""

    totals: dict[str, EventTotals]
    facts: dict[str, int]
    findings: tuple[Finding, ...]

    @property
    def holds(self) -> bool:
        """Whether every event is accounted for."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class RawHour:
    """A row of the published account of an event's hour."""

    accepted: int
    replayed: int
    from_files: int
    raw_rows: int
    duplicates: int
    conflicting: int
    erased: int


def reconcile(index: LakeIndex, snapshot: Path, hours: HourRange | None = None) -> Reconciliation:
    """Compare what landed with what was published, for all hours or for `hours`."""
    landed = _landed(index, hours)
    raw = _raw_hours(snapshot, hours)
    facts = _fact_hours(snapshot, hours)
    built = {(event, hour) for event, hour in _built(snapshot, hours, index)}
    findings = (
        *_batch_findings(index),
        *_hour_findings(landed, raw, built),
        *_fact_findings(raw, facts),
    )
    counted: dict[str, int] = {fact.name: 0 for fact in FACTS}
    for (name, _), (_, fact_rows) in facts.items():
        counted[name] = counted.get(name, 0) + fact_rows
    return Reconciliation(_totals(index, landed, raw), counted, findings)


def _batch_findings(index: LakeIndex) -> Iterator[Finding]:
    """Batches whose offsets or files don't add up, and gaps or overlaps between batches."""
    for event, seq, what in index.query(_BATCHES_THAT_FAIL):
        yield Finding(event, f"manifest {seq}", what)


def _hour_findings(
    landed: dict[tuple[str, datetime], tuple[int, int, int]],
    raw: dict[tuple[str, datetime], RawHour],
    built: set[tuple[str, datetime]],
) -> Iterator[Finding]:
    for (event, hour), rows in sorted(landed.items()):
        where = hour_key(hour)
        account = raw.get((event, hour))
        if account is None or (event, hour) not in built:
            yield Finding(event, where, f"{sum(rows)} landed rows are not built yet")
        elif rows != (account.accepted, account.replayed, account.from_files):
            yield Finding(event, where, f"{sum(rows)} rows landed, the account has other numbers")
    for (event, hour), account in sorted(raw.items()):
        left = account.accepted + account.replayed + account.from_files
        right = account.raw_rows + account.duplicates + account.erased
        if left != right:
            yield Finding(event, hour_key(hour), f"{left} rows landed, {right} are accounted for")
        if left and (event, hour) not in landed:
            yield Finding(event, hour_key(hour), f"{left} rows are built that never landed")


def _fact_findings(
    raw: dict[tuple[str, datetime], RawHour],
    facts: dict[tuple[str, datetime], tuple[int, int]],
) -> Iterator[Finding]:
    for fact in FACTS:
        for (event, hour), account in sorted(raw.items()):
            _, rows = facts.get((fact.name, hour), (0, 0))
            if event == fact.event.name and rows != account.raw_rows:
                what = f"{account.raw_rows} raw rows, {rows} in {fact.name}"
                yield Finding(event, hour_key(hour), what)


def _landed(
    index: LakeIndex, hours: HourRange | None
) -> dict[tuple[str, datetime], tuple[int, int, int]]:
    rows = index.query("select event, hour, stream, replay, files from hours")
    return {
        (event, hour): (stream, replay, files)
        for event, key, stream, replay, files in rows
        if _within(hour := parse_hour_key(key), hours)
    }


def _raw_hours(snapshot: Path, hours: HourRange | None) -> dict[tuple[str, datetime], RawHour]:
    columns = (
        "event, hour, accepted, replayed, from_files, raw_rows, duplicates, "
        "conflicting_duplicates, erased"
    )
    return {
        (event, aware(hour)): RawHour(*numbers)
        for event, hour, *numbers in rows_of(snapshot, "reconciliation.raw_hours", columns)
        if _within(aware(hour), hours)
    }


def _fact_hours(
    snapshot: Path, hours: HourRange | None
) -> dict[tuple[str, datetime], tuple[int, int]]:
    rows = rows_of(snapshot, "reconciliation.fact_hours", "fact, hour, raw_rows, fact_rows")
    return {
        (fact, aware(hour)): (raw_rows, fact_rows)
        for fact, hour, raw_rows, fact_rows in rows
        if _within(aware(hour), hours)
    }


def _built(
    snapshot: Path, hours: HourRange | None, index: LakeIndex
) -> Iterator[tuple[str, datetime]]:
    """Events' hours that are built from just the manifests that stand now."""
    landed = index.fingerprints()
    for event, at, manifests in rows_of(snapshot, BUILT_HOURS, "event, hour, manifests"):
        hour = aware(at)
        if _within(hour, hours) and landed.get(event, {}).get(hour, "") == manifests:
            yield event, hour


def _within(hour: datetime, hours: HourRange | None) -> bool:
    return hours is None or hours.start <= hour < hours.end


def _totals(
    index: LakeIndex,
    landed: dict[tuple[str, datetime], tuple[int, int, int]],
    raw: dict[tuple[str, datetime], RawHour],
) -> dict[str, EventTotals]:
    offsets = {event: numbers for event, *numbers in index.query(_OFFSET_TOTALS)}
    batches = {event: numbers for event, *numbers in index.query(_BATCH_TOTALS)}
    totals = {}
    for event in EVENTS:
        read, not_data = offsets.get(event.name, (0, 0))
        accepted, rejected = batches.get(event.name, (0, 0))
        accounts = [account for (name, _), account in raw.items() if name == event.name]
        totals[event.name] = EventTotals(
            offsets=read,
            accepted=accepted,
            rejected=rejected,
            not_data=not_data,
            landed_rows=sum(sum(rows) for (name, _), rows in landed.items() if name == event.name),
            raw_rows=sum(account.raw_rows for account in accounts),
            duplicates=sum(account.duplicates for account in accounts),
            conflicting_duplicates=sum(account.conflicting for account in accounts),
            hours=len(accounts),
        )
    return totals


_OFFSET_TOTALS = "select event, sum(end - first), sum(not_data) from offsets group by event"
_BATCH_TOTALS = "select event, sum(accepted), sum(rejected) from batches group by event"
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
