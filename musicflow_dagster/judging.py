"""The judgement of a run's hours, before anything is changed: an hour is loaded whole or not.

If one event's hour is refused, the hour stays as it was in the tables of all events: models read
several of them, and some models look beyond the hours that they build.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from contracts.events import EVENTS, Event
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex, LandedFile, LandedHour
from musicflow_dagster.load_report import EXPIRED, LoadReport, Refusal, Refusals
from musicflow_dagster.planner import fingerprint
from musicflow_dagster.warehouse.duckdb.raw_load import RawLoad


@dataclass(frozen=True, slots=True)
class Landed:
    """What had landed of an event's hours when they were judged."""

    hours: Mapping[datetime, LandedHour]
    files: Sequence[LandedFile]


@dataclass(frozen=True, slots=True)
class Judgement:
    """Hours of some events as they were judged together; `refused` is by event."""

    index: LakeIndex
    landed: Mapping[str, Landed]
    refused: Mapping[str, Refusals]
    contents: Mapping[str, Mapping[datetime, str]]
    """Fingerprints of what had landed, of all events: a refusal holds for just this."""

    def content(self, hour: datetime) -> str:
        """What stands for all that had landed for `hour`."""
        return fingerprint(self.contents, [event.name for event in EVENTS], [hour])

    def load(
        self, connection: duckdb.DuckDBPyConnection, event: Event, hours: Sequence[datetime]
    ) -> LoadReport:
        """Replace `hours` of the raw table of `event` by what was judged."""
        return _raw_load(connection, self.index, event, self.landed[event.name]).replace(hours)


def judge(
    connection: duckdb.DuckDBPyConnection,
    index: LakeIndex,
    events: Iterable[Event],
    ranges: Sequence[HourRange],
) -> Judgement:
    """Judge all hours of `ranges`, of each of the `events`."""
    # Before the files are looked up: what lands in between makes the hour a new one.
    contents = index.fingerprints(min(each.start for each in ranges))
    landed, refused = {}, {}
    for event in events:
        landed[event.name] = _landed(index, event, ranges)
        refused[event.name] = _refusals(connection, index, event, landed[event.name], ranges)
    return Judgement(index, landed, refused, contents)


def load_hours(
    connection: duckdb.DuckDBPyConnection, index: LakeIndex, event: Event, hours: HourRange
) -> LoadReport:
    """Judge `hours` of one event alone, and replace the good ones."""
    judgement = judge(connection, index, [event], [hours])
    refused = judgement.refused[event.name]
    report = judgement.load(connection, event, [hour for hour in hours if hour not in refused])
    report.refused.update(refused)
    return report


def _refusals(
    connection: duckdb.DuckDBPyConnection,
    index: LakeIndex,
    event: Event,
    landed: Landed,
    ranges: Sequence[HourRange],
) -> Refusals:
    before = index.expired_before().get(event.name)
    hours = [hour for each in ranges for hour in each]
    expired: dict[datetime, Refusal] = {hour: EXPIRED for hour in hours if before and hour < before}
    left = [hour for hour in hours if hour not in expired]
    return {**expired, **_raw_load(connection, index, event, landed).judge(left)}


def _landed(index: LakeIndex, event: Event, ranges: Sequence[HourRange]) -> Landed:
    hours: dict[datetime, LandedHour] = {}
    files: list[LandedFile] = []
    for each in ranges:
        of_range, its_files = index.hours(event.name, each.start, each.end)
        hours.update(of_range)
        files += its_files
    return Landed(hours, files)


def _raw_load(
    connection: duckdb.DuckDBPyConnection, index: LakeIndex, event: Event, landed: Landed
) -> RawLoad:
    return RawLoad(connection, index.store, event, landed.hours, landed.files)
