"""Jobs that let `streaming` work on the lake: judging rejects again, deleting what is too old.

Stations never import each other, and judging needs nothing of Dagster: so its commands are run
as processes, and what they answer is reported.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from contracts.errors import MusicFlowError
from contracts.events import EVENTS_BY_NAME
from contracts.lake import hour_key, hour_of
from musicflow_dagster.assets.keys import lake_key, rejected_key
from musicflow_dagster.automation.requests import current_plan
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.planner import Plan
from musicflow_dagster.settings import Settings
from musicflow_dagster.streaming_process import streaming

REPLAY = "replay_rejects"
EXPIRE = "expire_lake"


class ReplayConfig(dg.Config):
    """Which rejects are judged again: by the hours of their judgement, UTC."""

    first_hour: str = Field(alias="from", description="First hour, such as 2026-01-06T05.")
    end_hour: str = Field(alias="to", description="Hour to stop before.")
    events: list[str] = Field(default=[], description="Of these events only; all if none is named.")


def replay_job(settings: Settings) -> dg.JobDefinition:
    """The job that lands, once, what today's contract accepts of earlier rejects."""

    @dg.op(name="replay")
    def replay(context: dg.OpExecutionContext, config: ReplayConfig) -> None:
        named = [part for event in config.events for part in ("--event", event)]
        hours = ["--from", config.first_hour, "--to", config.end_hour]
        start = ["--start", f"{settings.start:%Y-%m-%dT%H:%M:%S}"]
        answer = _streaming(settings, ["replay-rejects", *hours, *named, *start])
        for name, counts in answer.items():
            context.log_event(
                dg.AssetObservation(rejected_key(EVENTS_BY_NAME[name]), metadata=counts)
            )
        landed = sum(counts["landed"] for counts in answer.values())
        context.add_output_metadata({"landed": landed, "events": dg.MetadataValue.json(answer)})

    @dg.job(
        name=REPLAY,
        description="Judges rejects of a range of hours again under today's contract, and lands "
        "what passes now, once; the hours that it reaches are built by the next tick.",
        executor_def=dg.in_process_executor,
    )
    def replay_rejects() -> None:
        replay()

    return replay_rejects


def expiry_job(settings: Settings) -> dg.JobDefinition:
    """The job that deletes hours of the lake that are older than is kept, once they are built."""

    @dg.op(name="expire")
    def expire(context: dg.OpExecutionContext) -> None:
        plan = current_plan(context.instance, manifest_index(settings), settings)
        before = first_kept(settings.retention_days, plan, datetime.now(UTC))
        if before is None:
            context.log.info("nothing is deleted: MUSICFLOW_RETENTION_DAYS is not set, or no hour "
                             "is built yet")  # fmt: skip
            return
        answer = _streaming(settings, ["expire", "--before", f"{before:%Y-%m-%dT%H}"])
        for counts in answer:
            event = EVENTS_BY_NAME[counts.pop("event")]
            context.log_event(dg.AssetObservation(lake_key(event), metadata=counts))
        context.add_output_metadata({"kept_from": hour_key(before)})

    @dg.job(
        name=EXPIRE,
        description="Deletes hours of the lake, rejects and manifests that are older than "
        "MUSICFLOW_RETENTION_DAYS. Hours that wait to be built stay. The warehouse keeps all.",
        executor_def=dg.in_process_executor,
    )
    def expire_lake() -> None:
        expire()

    return expire_lake


def expiry_schedule(settings: Settings) -> dg.ScheduleDefinition:
    """Once a day, if anything is to be deleted at all."""

    @dg.schedule(
        name=EXPIRE,
        job_name=EXPIRE,
        cron_schedule="40 3 * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Deletes what is older than MUSICFLOW_RETENTION_DAYS from the lake.",
    )
    def expire_daily() -> dg.RunRequest | dg.SkipReason:
        if settings.retention_days is None:
            return dg.SkipReason("everything is kept: MUSICFLOW_RETENTION_DAYS is not set")
        return dg.RunRequest()

    return expire_daily


def first_kept(retention_days: int | None, plan: Plan, now: datetime) -> datetime | None:
    """The first hour that must stay, or None if all must: nothing goes before it is built."""
    if retention_days is None or plan.settled_until is None:
        return None
    return min(hour_of(now - timedelta(days=retention_days)), plan.settled_until)


def _streaming(settings: Settings, arguments: Sequence[str]) -> Any:
    """What a command of landing answers.

    Raises:
        Failure: It could not do it; the message is its own.
    """
    try:
        return streaming(settings, arguments)
    except MusicFlowError as error:
        raise dg.Failure(str(error), allow_retries=False) from error
