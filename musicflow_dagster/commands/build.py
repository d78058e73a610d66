"""`musicflow build`: ask the planner and carry out its answer as Dagster runs."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime

import click
import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.lake import HOUR, hour_key
from contracts.logs import log
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.automation.requests import PLAN_TAG, current_plan
from musicflow_dagster.commands.times import bounds, hour_option
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.hours import HourRange, ranges_of
from musicflow_dagster.instance import opened_instance
from musicflow_dagster.knowledge import gather, manifest_index, require_lake
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.planner import Build, fingerprint
from musicflow_dagster.settings import Settings, read_settings

QUIET_CONSOLE = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
"""Dagster's own log goes to the instance; the console shows ours."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run."""

    hours: HourRange
    run_id: str
    succeeded: bool
    seconds: float


@click.command()
@click.option("--from", "start", callback=hour_option, help="First hour, such as 2026-01-06T05.")
@click.option("--to", "end", callback=hour_option, help="Hour to stop before.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def build(start: datetime | None, end: datetime | None, *, as_json: bool) -> None:
    """Build all hours that are complete and not built; with --from and --to, these hours."""
    settings = read_settings()
    forced = bounds(start, end)
    if forced and settings.start + HOUR > datetime.now(UTC):
        raise ConfigurationError(
            f"no hour has ended since MUSICFLOW_START ({hour_key(settings.start)}): "
            "the first can be built when it has"
        )
    with opened_instance(settings.dagster_home) as instance:
        require_lake(settings)
        outcomes = list(_carried_out(instance, settings, forced))
    if as_json:
        click.echo(json.dumps([_as_json(each) for each in outcomes]))
    failed = [str(each.hours) for each in outcomes if not each.succeeded]
    if failed:
        raise MusicFlowError(
            f"builds failed for {', '.join(failed)}: the lines above say why, and the runs stand "
            "in Dagster's web interface"
        )


def _carried_out(
    instance: dg.DagsterInstance, settings: Settings, forced: HourRange | None
) -> Iterator[Outcome]:
    """Run what the planner asks for, until it asks for nothing that was not tried."""
    index = manifest_index(settings)
    job = None
    tried: set[str] = set()
    while builds := [
        each for each in _builds(instance, settings, index, forced) if each.key not in tried
    ]:
        job = job or build_definitions(settings).resolve_job_def(HOURLY)
        tried.update(each.key for each in builds)
        yield from (_run(instance, job, each) for each in builds)
    if not tried:
        plan = current_plan(instance, index, settings)
        log.info("nothing to build", reason=plan.reason)


def _builds(
    instance: dg.DagsterInstance, settings: Settings, index: LakeIndex, forced: HourRange | None
) -> list[Build]:
    index.refresh()
    if forced is None:
        return list(current_plan(instance, index, settings).builds)
    known = gather(index, settings.snapshot, settings.warehouse)
    if known.expired_before and forced.start < known.expired_before:
        raise ConfigurationError(
            f"hours before {hour_key(known.expired_before)} have expired from the lake and can't "
            "be built again; the warehouse keeps them as they are"
        )
    return [
        Build(hours, f"{hours}/{fingerprint(known.landed, known.events, hours)}", 0)
        for hours in ranges_of(forced, settings.run_hours)
    ]


def _run(instance: dg.DagsterInstance, job: dg.JobDefinition, build: Build) -> Outcome:
    log.info("building", hours=str(build.hours), count=len(build.hours), reopened=build.reopened)
    started = time.monotonic()
    tags = range_tags(build.hours) | {PLAN_TAG: build.key}
    with redirect_stdout(sys.stderr):  # where dbt's own words are printed to
        result = job.execute_in_process(
            instance=instance, tags=tags, raise_on_error=False, run_config=QUIET_CONSOLE
        )
    seconds = round(time.monotonic() - started, 1)
    for failure in _failures(result):
        log.error("step failed", hours=str(build.hours), what=failure)
    log.info("built" if result.success else "failed", hours=str(build.hours), seconds=seconds)
    return Outcome(build.hours, result.run_id, result.success, seconds)


def _failures(result: dg.ExecuteInProcessResult) -> Iterator[str]:
    for event in result.filter_events(lambda each: each.is_step_failure):
        failure = event.step_failure_data.user_failure_data
        message = failure.description if failure else _root(event.step_failure_data.error)
        yield f"{event.step_key}: {message}"


def _root(error: SerializableErrorInfo | None) -> str:
    """The message of the error that the others were raised from."""
    while error and error.cause:
        error = error.cause
    return error.message.strip() if error else "it ended without a word"


def _as_json(outcome: Outcome) -> dict[str, object]:
    return {
        "from": hour_key(outcome.hours.start),
        "to": hour_key(outcome.hours.end),
        "hours": len(outcome.hours),
        "run": outcome.run_id,
        "succeeded": outcome.succeeded,
        "seconds": outcome.seconds,
    }
