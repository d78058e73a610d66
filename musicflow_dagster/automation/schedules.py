"""The sweeper: once an hour it asks the planner too, and tries again what failed."""

import dagster as dg

from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.automation.reopening import FOLLOW, calmed
from musicflow_dagster.automation.requests import (
    current_plan,
    is_building,
    is_ready,
    new_requests,
)
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.settings import Settings


def sweeper(settings: Settings) -> dg.ScheduleDefinition:
    """The hourly schedule, ten minutes past, when the last hour is usually complete."""

    @dg.schedule(
        name="sweep",
        job_name=HOURLY,
        cron_schedule="10 * * * *",
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description="Builds hours that are complete and, for whatever reason, not built.",
    )
    def sweep(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        if not is_ready(settings):
            return dg.SkipReason(f"there is no lake at {settings.lake} yet")
        if is_building(context.instance, settings):
            return dg.SkipReason("a build is under way")
        index = manifest_index(settings)
        index.refresh()
        plan = current_plan(context.instance, index, settings)
        builds = calmed(context.instance, plan, settings.run_hours)
        requests = new_requests(context.instance, builds, again=True)
        return requests or dg.SkipReason(FOLLOW if plan.builds else plan.reason)

    return sweep
