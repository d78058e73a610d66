"""The judgement of a run's hours, before anything is changed: an hour is loaded whole or not.

If one event's hour is refused, the hour stays as it was in the tables of all events: models read
several of them, and some models look beyond the hours that they build.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from contracts.events import EVENTS, Event
from contracts.suppression import Suppressions
from musicflow_dagster.file_judge import FileJudge
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.landed import NOBODY, Landed, landed_of
from musicflow_dagster.load_report import EXPIRED, LoadReport, Refusal, Refusals
from musicflow_dagster.planner import fingerprint
from musicflow_dagster.warehouse.protocol import Warehouse


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

    def load(self, warehouse: Warehouse, event: Event, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours` of the raw table of `event` by what was judged."""
        return warehouse.replace(self.landed[event.name], hours)


def judge(
    warehouse: Warehouse,
    index: LakeIndex,
    events: Iterable[Event],
    ranges: Sequence[HourRange],
    suppressed: Suppressions = NOBODY,
) -> Judgement:
    """Judge all hours of `ranges`, of each of the `events`; rows of the `suppressed` don't load."""
    # Before the files are looked up: what lands in between makes the hour a new one.
    contents = index.fingerprints(min(each.start for each in ranges))
    landed = {event.name: landed_of(index, event, ranges, suppressed) for event in events}
    with warehouse.onlooker(index.store) as connection:
        refused = {
            name: _refusals(connection, index, each, ranges) for name, each in landed.items()
        }
    return Judgement(index, landed, refused, contents)


def load_hours(
    warehouse: Warehouse,
    index: LakeIndex,
    event: Event,
    hours: HourRange,
    suppressed: Suppressions = NOBODY,
) -> LoadReport:
    """Judge `hours` of one event alone, and replace the good ones."""
    judgement = judge(warehouse, index, [event], [hours], suppressed)
    refused = judgement.refused[event.name]
    report = judgement.load(warehouse, event, [hour for hour in hours if hour not in refused])
    report.refused.update(refused)
    return report


def _refusals(
    connection: duckdb.DuckDBPyConnection,
    index: LakeIndex,
    landed: Landed,
    ranges: Sequence[HourRange],
) -> Refusals:
    before = index.expired_before().get(landed.event.name)
    hours = [hour for each in ranges for hour in each]
    expired: dict[datetime, Refusal] = {hour: EXPIRED for hour in hours if before and hour < before}
    left = [hour for hour in hours if hour not in expired]
    return {**expired, **FileJudge(connection, landed).judge(left)}
