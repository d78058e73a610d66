"""The proof that nothing was lost or doubled: every equation of every hop, batch and hour.

Per batch and Kafka partition: offsets = accepted + rejected + suppressed + not data, and each
batch begins where the one before ends; what is missing an operator has accepted, and it is shown.
Per event and hour: accepted + replayed + from files = raw + duplicates + erased, and raw = facts,
where files, raw and facts are counted where they stand. Rows of hours that are not complete yet
are waiting, not lost. For hours that have expired from the lake the account of their load is the
witness.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from contracts.events import EVENTS
from contracts.lake import hour_key
from musicflow_dagster.batch_sums import AcceptedGap
from musicflow_dagster.counted import Account, Finding, Place
from musicflow_dagster.evidence import Evidence, gather_evidence
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LandedHour
from musicflow_dagster.planner import NO_FILES
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.facts import FACTS, Fact

NOTHING_LANDED = LandedHour(NO_FILES, 0, 0, 0, 0)
NO_ACCOUNT = Account(NO_FILES, 0, 0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class EventTotals:
    """One event's messages, hop by hop: `landed = raw + duplicates + erased + waiting`.

    The first six are over all batches, the others over the hours asked for; `hours` are built.
    """

    offsets: int
    accepted: int
    rejected: int
    suppressed: int
    not_data: int
    missing: int
    landed: int
    raw: int
    duplicates: int
    conflicting_duplicates: int
    erased: int
    waiting: int
    hours: int


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All totals, and every equation that failed.

    `not_recounted` says why raw rows were not counted in the warehouse; empty if they were.
    """

    totals: dict[str, EventTotals]
    facts: dict[str, int]
    findings: tuple[Finding, ...]
    complete_until: datetime | None
    not_recounted: str
    gaps: tuple[AcceptedGap, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every event is proven to be accounted for."""
        return not self.findings and not self.not_recounted

    @property
    def waiting(self) -> int:
        """Rows of all events that wait for their hour to be complete."""
        return sum(totals.waiting for totals in self.totals.values())


def reconcile(
    settings: Settings, hours: HourRange | None = None, patience_seconds: float = 0
) -> Reconciliation:
    """Compare what stands at each hop, for all hours or for `hours`.

    A run that writes to the warehouse is waited for, `patience_seconds` at most.
    """
    return judged(gather_evidence(settings, hours, patience_seconds))


def judged(evidence: Evidence) -> Reconciliation:
    """What the evidence comes to (pure)."""
    return Reconciliation(
        totals={event.name: _totals(evidence, event.name) for event in EVENTS},
        facts={
            fact.name: sum(rows for (name, _), rows in evidence.facts.items() if name == fact.name)
            for fact in FACTS
        },
        findings=(*evidence.findings, *_hour_findings(evidence), *_fact_findings(evidence)),
        complete_until=evidence.complete_until,
        not_recounted=evidence.not_recounted,
        gaps=evidence.gaps,
    )


def _hour_findings(evidence: Evidence) -> Iterator[Finding]:
    """What is wrong between the lake and raw, hour by hour."""
    for place in sorted({*evidence.landed, *evidence.accounts, *(evidence.raw or {})}):
        landed, account = _landed(evidence, place), evidence.accounts.get(place)
        if evidence.has_expired(place) or _was_purged(evidence, place):
            whats = _accounted_wrongly(evidence, place, account or NO_ACCOUNT)
        elif account and account.manifests == landed.fingerprint:
            whats = _loaded_wrongly(evidence, place, landed, account)
        else:
            whats = _not_loaded(evidence, place, landed, account)
        for what in whats:
            yield Finding(place[0], hour_key(place[1]), what)


def _loaded_wrongly(
    evidence: Evidence, place: Place, landed: LandedHour, account: Account
) -> Iterator[str]:
    """What is wrong with an hour that was loaded from just what landed."""
    if (landed.stream, landed.replay, landed.files) != (
        account.accepted,
        account.replayed,
        account.from_files,
    ):
        yield f"{landed.rows} rows landed, {account.landed} by the account of the load"
    if account.erased < landed.erased:
        yield f"{landed.erased} rows are erased from the lake, {account.erased} from raw"
    yield from _accounted_wrongly(evidence, place, account)
    if landed.rows and evidence.built.get(place) != landed.fingerprint:
        yield f"{landed.rows} landed rows are not built yet"


def _accounted_wrongly(evidence: Evidence, place: Place, account: Account) -> Iterator[str]:
    """What is wrong between the account of a load and the rows that stand in raw."""
    accounted_for = account.raw_rows + account.duplicates + account.erased
    if account.landed != accounted_for:
        yield f"{account.landed} rows landed, {accounted_for} are accounted for"
    if evidence.raw is not None and (counted := evidence.raw.get(place, 0)) != account.raw_rows:
        yield f"{account.raw_rows} rows were loaded into raw, {counted} stand there"


def _not_loaded(
    evidence: Evidence, place: Place, landed: LandedHour, account: Account | None
) -> Iterator[str]:
    """What is wrong with an hour for which something landed since it was loaded, if it was."""
    loaded = account.landed if account else 0
    in_raw = evidence.raw.get(place, 0) if evidence.raw else 0
    if landed == NOTHING_LANDED:
        yield f"{loaded or in_raw} rows are built that never landed"
    elif landed.rows <= loaded:
        yield f"{landed.rows} rows landed, {loaded} are built from other manifests"
    elif not _waits(evidence, place):
        yield f"{landed.rows - loaded} landed rows are not built yet"


def _fact_findings(evidence: Evidence) -> Iterator[Finding]:
    """What is wrong between raw and the published facts, hour by hour."""
    for fact in FACTS:
        for place, raw in sorted(_raw_of(evidence, fact).items()):
            rows = evidence.facts.get((fact.name, place[1]), 0)
            if rows != raw:
                yield Finding(
                    place[0], hour_key(place[1]), f"{raw} raw rows, {rows} in {fact.name}"
                )


def _raw_of(evidence: Evidence, fact: Fact) -> dict[Place, int]:
    """The raw rows that each hour of the fact must have; hours that are to be built left out."""
    event = fact.event.name
    hours = {hour for name, hour in evidence.facts if name == fact.name}
    hours |= {hour for name, hour in evidence.accounts if name == event}
    expected = {}
    for place in ((event, hour) for hour in hours):
        account = evidence.accounts.get(place)
        loaded_from = account.manifests if account else NO_FILES
        stands = evidence.has_expired(place) or _was_purged(evidence, place)
        if stands or loaded_from == _landed(evidence, place).fingerprint:
            noted = account.raw_rows if account else 0
            expected[place] = noted if evidence.raw is None else evidence.raw.get(place, 0)
    return expected


def _landed(evidence: Evidence, place: Place) -> LandedHour:
    return evidence.landed.get(place, NOTHING_LANDED)


def _was_purged(evidence: Evidence, place: Place) -> bool:
    """Whether raw lost what an erasure took from the lake, as it can't be loaded again.

    Copies that an erased row had count as duplicates still.
    """
    landed, account = _landed(evidence, place), evidence.accounts.get(place)
    return (
        account is not None
        and evidence.is_beyond_builds(place[1])
        and 0 < landed.erased <= account.erased + account.duplicates
        and landed.rows == account.landed
    )


def _waits(evidence: Evidence, place: Place) -> bool:
    """Whether the hour is not complete yet."""
    return evidence.complete_until is None or place[1] >= evidence.complete_until


def _totals(evidence: Evidence, event: str) -> EventTotals:
    accounts = {at: each for at, each in evidence.accounts.items() if at[0] == event}
    loaded = {at: each.landed for at, each in accounts.items()}
    landed = {at: rows for at, rows in loaded.items() if evidence.has_expired(at)}
    landed |= {at: each.rows for at, each in evidence.landed.items() if at[0] == event}
    noted = {at: each.raw_rows for at, each in accounts.items()}
    raw = noted if evidence.raw is None else evidence.raw
    return EventTotals(
        **evidence.batches[event],
        landed=sum(landed.values()),
        raw=sum(rows for at, rows in raw.items() if at[0] == event),
        duplicates=sum(each.duplicates for each in accounts.values()),
        conflicting_duplicates=sum(each.conflicting for each in accounts.values()),
        erased=sum(each.erased for each in accounts.values()),
        waiting=sum(
            max(rows - loaded.get(at, 0), 0) for at, rows in landed.items() if _waits(evidence, at)
        ),
        hours=len(accounts),
    )
