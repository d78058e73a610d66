"""`musicflow build`: ask the planner and carry out its answer as Dagster runs."""

from collections.abc import Iterator
from datetime import datetime

import click
import dagster as dg

from contracts.logs import log
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.automation.requests import PLAN_TAG, current_plan
from musicflow_dagster.commands.running import (
    Outcome,
    Runner,
    check_not_expired,
    check_range,
    opened_runner,
    tell,
)
from musicflow_dagster.commands.times import bounds, hour_option
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.hours import HourRange, ranges_of
from musicflow_dagster.knowledge import gather, manifest_index, require_lake
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.planner import Build, fingerprint
from musicflow_dagster.settings import Settings, read_settings
from musicflow_dagster.warehouse.choice import publications_of


@click.command()
@click.option("--from", "start", callback=hour_option, help="First hour, such as 2026-01-06T05.")
@click.option("--to", "end", callback=hour_option, help="Hour to stop before.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list, one object per run.")
def build(start: datetime | None, end: datetime | None, *, as_json: bool) -> None:
    """Build all hours that are complete and not built; with --from and --to, these hours.

    The exit code is 0 if every run succeeded, and 1 if not.
    """
    settings = read_settings()
    forced = bounds(start, end)
    if forced:
        check_range(forced, settings)
    with opened_runner(settings) as runner:
        require_lake(settings)
        outcomes = list(_carried_out(runner, settings, forced))
    tell(outcomes, as_json=as_json)


def _carried_out(runner: Runner, settings: Settings, forced: HourRange | None) -> Iterator[Outcome]:
    """Run what the planner asks for, until it asks for nothing that was not tried."""
    index = manifest_index(settings)
    job = None
    tried: set[str] = set()
    while builds := [
        each for each in _builds(runner.instance, settings, index, forced) if each.key not in tried
    ]:
        job = job or build_definitions(settings).resolve_job_def(HOURLY)
        tried.update(each.key for each in builds)
        yield from (_run(runner, job, each) for each in builds)
    if not tried:
        plan = current_plan(runner.instance, index, settings)
        log.info("nothing to build", reason=plan.reason)


def _builds(
    instance: dg.DagsterInstance, settings: Settings, index: LakeIndex, forced: HourRange | None
) -> list[Build]:
    index.refresh()
    if forced is None:
        return list(current_plan(instance, index, settings).builds)
    known = gather(index, publications_of(settings))
    check_not_expired(known, forced)
    return [
        Build((hours,), f"{hours}/{fingerprint(known.landed, known.events, hours)}", 0)
        for hours in ranges_of(forced, settings.run_hours)
    ]


def _run(runner: Runner, job: dg.JobDefinition, build: Build) -> Outcome:
    [hours] = build.ranges  # the planner's builds are of one range each
    log.info("building", hours=str(build), count=len(build), reopened=build.reopened)
    return runner.run(job, hours, {PLAN_TAG: build.key})
