"""The manifest sensor: reports what landing committed, and asks for what became complete."""

import dagster as dg
import msgspec

from contracts.events import EVENTS
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.automation.lake_report import LakeReport, ReportRules
from musicflow_dagster.automation.lost_runs import MESSAGE, end_lost_runs
from musicflow_dagster.automation.reopening import FOLLOW, calmed
from musicflow_dagster.automation.requests import (
    current_plan,
    is_building,
    is_ready,
    new_requests,
)
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.settings import Settings

BATCHES_PER_TICK = 100
"""Most batches per event that one tick reports one by one; a backlog takes several ticks."""
SECONDS_BETWEEN_TICKS = 30


class Cursor(msgspec.Struct, frozen=True):
    """The last manifest reported per event, of one lake."""

    lake: str
    seqs: dict[str, int]


def manifest_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that follows the lake's manifests."""

    @dg.sensor(
        name="new_batches",
        job_name=HOURLY,
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Reports each batch that landing committed, with its counts, and requests "
        "a run for hours that became complete or got late events.",
    )
    def new_batches(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not is_ready(settings):
            return dg.SkipReason(f"there is no lake at {settings.lake} yet")
        index = manifest_index(settings)
        index.refresh()
        cursor = _cursor(context.cursor, index.lake())
        rules = ReportRules(BATCHES_PER_TICK, settings.alert_reject_share)
        reports = [LakeReport(index, event, cursor.seqs[event.name], rules) for event in EVENTS]
        events = [each for report in reports for each in report.events()]
        seqs = {report.event.name: report.last for report in reports}
        after = msgspec.json.encode(Cursor(cursor.lake, seqs)).decode()
        for run_id in end_lost_runs(context.instance, settings):
            context.log.warning("run %s: %s", run_id, MESSAGE)
        requests, reason = _requests(context.instance, index, settings)
        return dg.SensorResult(
            run_requests=requests, skip_reason=reason, asset_events=events, cursor=after
        )

    return new_batches


def _requests(
    instance: dg.DagsterInstance, index: LakeIndex, settings: Settings
) -> tuple[list[dg.RunRequest], str | None]:
    if is_building(instance, settings):
        return [], "a build is under way; what is complete then is asked for after it"
    plan = current_plan(instance, index, settings)
    builds = calmed(instance, plan, settings.run_hours)
    requests = new_requests(instance, builds, again=False)
    if requests:
        return requests, None
    if len(builds) < len(plan.builds):
        return [], FOLLOW
    if plan.builds:
        return [], "the last build of these hours failed; the hourly schedule tries again"
    return [], plan.reason


def _cursor(text: str | None, lake: str) -> Cursor:
    """Where the last tick ended; at the beginning for another lake."""
    none_yet = Cursor(lake, {event.name: 0 for event in EVENTS})
    if not text:
        return none_yet
    cursor = msgspec.json.decode(text, type=Cursor)
    return Cursor(lake, none_yet.seqs | cursor.seqs) if cursor.lake == lake else none_yet
