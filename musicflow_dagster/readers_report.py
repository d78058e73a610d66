"""The report for readers: rejects and late rows by day, and the last runs.

It is made from the index of manifests and from Dagster's instance, and put into the lake, where a
dashboard finds it without either.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import dagster as dg
from dagster._core.storage.dagster_run import RunRecord

from contracts.events import EVENTS
from contracts.lake import HOUR, parse_hour_key
from contracts.report import ArrivedDay, JudgedDay, Report, Run, RunState, write_report
from musicflow_dagster.checks.lateness import arrivals
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.run_words import hours_of_run, why_failed

DAYS = 30
RUNS = 50
STATES: dict[dg.DagsterRunStatus, RunState] = {
    dg.DagsterRunStatus.QUEUED: "queued",
    dg.DagsterRunStatus.NOT_STARTED: "queued",
    dg.DagsterRunStatus.SUCCESS: "succeeded",
    dg.DagsterRunStatus.FAILURE: "failed",
    dg.DagsterRunStatus.CANCELED: "cancelled",
}


def put_report(index: LakeIndex, instance: dg.DagsterInstance, grace: timedelta) -> None:
    """Put the report of now into the lake; the index has been refreshed.

    Raises:
        LakeError: The lake cannot be written.
    """
    write_report(index.store, report_of(index, instance, grace, datetime.now(UTC)))


def report_of(
    index: LakeIndex, instance: dg.DagsterInstance, grace: timedelta, now: datetime
) -> Report:
    """What there is to tell at `now`: the last days with batches, and the last days of events.

    Where history was landed these are far apart.
    """
    return Report(
        written_at=now,
        judged=tuple(_judged(index)),
        arrived=tuple(_arrived(index, grace)),
        runs=tuple(_run(instance, each) for each in instance.get_run_records(limit=RUNS)),
    )


def _first(last: date) -> date:
    """The first of the days that end with `last`."""
    return last - timedelta(days=DAYS - 1)


def _judged(index: LakeIndex) -> Iterator[JudgedDay]:
    for event in EVENTS:
        [(newest,)] = index.query("select max(batch_at) from batches where event = ?", [event.name])
        if newest is None:
            continue
        since = _first(datetime.fromisoformat(newest).date())
        reasons_of: dict[str, Counter[str]] = defaultdict(Counter)
        for day, by_reason in index.query(_REASONS, (event.name, since.isoformat())):
            reasons_of[day].update(json.loads(by_reason))
        for day, accepted, rejected in index.query(_JUDGED, (event.name, since.isoformat())):
            by_reason = dict(sorted(reasons_of[day].items()))
            yield JudgedDay(event.name, date.fromisoformat(day), accepted, rejected, by_reason)


def _arrived(index: LakeIndex, grace: timedelta) -> Iterator[ArrivedDay]:
    for event in EVENTS:
        [(key,)] = index.query("select max(hour) from hours where event = ?", [event.name])
        if key is None:
            continue
        newest = parse_hour_key(key)
        since = datetime.combine(_first(newest.date()), datetime.min.time(), UTC)
        days: dict[date, list[int]] = defaultdict(lambda: [0, 0])
        hours = HourRange(since, newest + HOUR)
        for hour, arrived in arrivals(index, event.name, hours, grace).items():
            of_day = days[hour.date()]
            of_day[0] += arrived.rows
            of_day[1] += arrived.late
        for day, (rows, late) in sorted(days.items()):
            yield ArrivedDay(event.name, day, rows, late)


def _run(instance: dg.DagsterInstance, record: RunRecord) -> Run:
    run = record.dagster_run
    state = STATES.get(run.status, "running")
    return Run(
        id=run.run_id[:8],
        job=run.job_name,
        state=state,
        hours=hours_of_run(run),
        began_at=_moment(record.start_time),
        ended_at=_moment(record.end_time),
        why=why_failed(instance, run) if state == "failed" else "",
    )


def _moment(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


_JUDGED = """
select substr(batch_at, 1, 10), sum(accepted), sum(rejected)
from batches indexed by batches_by_time
where event = ? and batch_at >= ? and kind = 'stream' group by 1 order by 1
"""
_REASONS = """
select substr(batch_at, 1, 10), rejected_by_reason
from batches indexed by batches_by_time
where event = ? and batch_at >= ? and kind = 'stream' and rejected > 0
"""
