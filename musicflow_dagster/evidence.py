"""The evidence of a reconciliation: what each hop holds, by event and hour, at one moment."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.lake import parse_hour_key
from musicflow_dagster.batch_sums import (
    AcceptedGap,
    accepted_gaps,
    batch_findings,
    batch_totals,
)
from musicflow_dagster.hours import HourRange, aware
from musicflow_dagster.knowledge import caught_up_until, manifest_index
from musicflow_dagster.lake_index import LakeIndex, LandedHour
from musicflow_dagster.planner import complete_until
from musicflow_dagster.recount import (
    Counts,
    Finding,
    copies_in_raw,
    fact_rows,
    lake_findings,
    raw_rows,
)
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.connection import read_warehouse
from musicflow_dagster.warehouse.duckdb.publication import BUILT_HOURS, current, rows_of

Place = tuple[str, datetime]
"""An event and an hour."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a load noted of an event's hour, as published; `manifests` stand for its files."""

    manifests: str
    accepted: int
    replayed: int
    from_files: int
    raw_rows: int
    duplicates: int
    conflicting: int
    erased: int

    @property
    def landed(self) -> int:
        """Rows that it was loaded from."""
        return self.accepted + self.replayed + self.from_files


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


def gather_evidence(
    settings: Settings, hours: HourRange | None, patience_seconds: float
) -> Evidence:
    """Look at every hop while no run writes; a run is waited for `patience_seconds` at most."""
    index = manifest_index(settings)
    until = complete_until(caught_up_until(index.store), settings.grace)
    with ExitStack() as quiet:
        raw, copies, not_recounted = _raw(quiet, settings.warehouse, hours, patience_seconds)
        index.refresh()
        publication = current(settings.snapshot)
        facts, damaged = fact_rows(settings.snapshot, publication, hours)
        accounts = _accounts(settings.snapshot, hours)
        built = _built(settings.snapshot, hours)
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
    quiet: ExitStack, warehouse: Path, hours: HourRange | None, patience_seconds: float
) -> tuple[Counts | None, list[Finding], str]:
    """Rows and copies in raw, or why they can't be counted; runs wait until `quiet` ends."""
    if not warehouse.exists():
        return {}, [], ""
    try:
        connection = quiet.enter_context(read_warehouse(warehouse, patience_seconds))
        return raw_rows(connection, hours), copies_in_raw(connection, hours), ""
    except UnavailableError as error:
        return None, [], str(error)


def _landed(index: LakeIndex, hours: HourRange | None) -> dict[Place, LandedHour]:
    rows = index.query("select event, hour, fingerprint, stream, replay, files, bytes from hours")
    return {
        (event, hour): LandedHour(*numbers)
        for event, key, *numbers in rows
        if _within(hour := parse_hour_key(key), hours)
    }


def _accounts(snapshot: Path, hours: HourRange | None) -> dict[Place, Account]:
    columns = (
        "event, hour, manifests, accepted, replayed, from_files, raw_rows, duplicates, "
        "conflicting_duplicates, erased"
    )
    return {
        (event, aware(hour)): Account(*numbers)
        for event, hour, *numbers in rows_of(snapshot, "reconciliation.raw_hours", columns)
        if _within(aware(hour), hours)
    }


def _built(snapshot: Path, hours: HourRange | None) -> dict[Place, str]:
    """Events' hours that the published tables were built for, and from which manifests."""
    return {
        (event, aware(hour)): manifests
        for event, hour, manifests in rows_of(snapshot, BUILT_HOURS, "event, hour, manifests")
        if _within(aware(hour), hours)
    }


def _within(hour: datetime, hours: HourRange | None) -> bool:
    return hours is None or hours.start <= hour < hours.end
