"""The evidence of a reconciliation: what each hop holds, by event and hour, at one moment."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime

from contracts.errors import UnavailableError
from contracts.lake import parse_hour_key
from musicflow_dagster.batch_sums import (
    AcceptedGap,
    accepted_gaps,
    batch_findings,
    batch_totals,
)
from musicflow_dagster.counted import Account, Counts, Finding, Place
from musicflow_dagster.hours import HourRange, is_within
from musicflow_dagster.knowledge import caught_up_until, manifest_index
from musicflow_dagster.lake_index import LakeIndex, LandedHour
from musicflow_dagster.planner import complete_until
from musicflow_dagster.recount import lake_findings
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.choice import publications_of
from musicflow_dagster.warehouse.protocol import Publications


@dataclass(frozen=True, slots=True)
class Evidence:
    """What each hop holds.

    `raw` and `facts` are counted where the rows stand; `raw` is None where that was not possible,
    and `not_recounted` says why. Of hours before `expired_before` nothing is left in the lake.
    `findings` are what was found on the way: batches that don't add up, files that are gone or
    damaged, rows that stand twice.
    """

    batches: Mapping[str, Mapping[str, int]]
    landed: Mapping[Place, LandedHour]
    accounts: Mapping[Place, Account]
    built: Mapping[Place, str]
    raw: Counts | None
    not_recounted: str
    facts: Counts
    complete_until: datetime | None
    findings: tuple[Finding, ...]
    gaps: tuple[AcceptedGap, ...] = ()
    expired_before: Mapping[str, datetime] = field(default_factory=dict)

    def has_expired(self, place: Place) -> bool:
        """Whether the lake keeps no rows of this event and hour any more."""
        before = self.expired_before.get(place[0])
        return before is not None and place[1] < before

    def is_beyond_builds(self, hour: datetime) -> bool:
        """Whether an event of the hour has expired, so that it is not loaded again for any."""
        return hour < max(self.expired_before.values(), default=hour)


def gather_evidence(
    settings: Settings, hours: HourRange | None, patience_seconds: float
) -> Evidence:
    """Look at every hop while no run writes; a run is waited for `patience_seconds` at most."""
    index, publications = manifest_index(settings), publications_of(settings)
    until = complete_until(caught_up_until(index.store), settings.grace)
    with ExitStack() as quiet:
        raw, copies, not_recounted = _raw(quiet, publications, hours, patience_seconds)
        index.refresh()
        facts, damaged = publications.fact_rows(hours)
        accounts = publications.accounts(hours)
        built = publications.built(hours)
    return Evidence(
        batches=batch_totals(index),
        landed=_landed(index, hours),
        accounts=accounts,
        built=built,
        raw=raw,
        not_recounted=not_recounted,
        facts=facts,
        complete_until=until,
        findings=(*batch_findings(index), *lake_findings(index, hours), *copies, *damaged),
        gaps=tuple(accepted_gaps(index)),
        expired_before=index.expired_before(),
    )


def _raw(
    quiet: ExitStack, publications: Publications, hours: HourRange | None, patience_seconds: float
) -> tuple[Counts | None, list[Finding], str]:
    """Rows and copies in raw, or why they can't be counted; runs wait until `quiet` ends."""
    try:
        recount = quiet.enter_context(publications.recount(patience_seconds))
        return recount.raw_rows(hours), recount.copies(hours), ""
    except UnavailableError as error:
        return None, [], str(error)


def _landed(index: LakeIndex, hours: HourRange | None) -> dict[Place, LandedHour]:
    rows = index.query(
        "select event, hour, fingerprint, stream, replay, files, bytes, erased from hours"
    )
    return {
        (event, parse_hour_key(key)): LandedHour(*numbers)
        for event, key, *numbers in rows
        if is_within(parse_hour_key(key), hours)
    }
