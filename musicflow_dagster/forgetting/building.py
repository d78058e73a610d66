"""Building the hours of a forgotten user again: from the lake, or by the models alone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import dagster as dg

from contracts.errors import MusicFlowError
from musicflow_dagster.assets.run_hours import REFUSED_TAG
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.commands.running import Outcome, Runner, opened_runner
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.forgetting.due import DueHours, ranges_with_gaps
from musicflow_dagster.settings import Settings

FORGET_TAG = "musicflow/forget"
"""On a run: that it builds hours without a user; not which."""


def build_again(
    settings: Settings, due: DueHours, unbuilt: Callable[[], Iterable[datetime]]
) -> list[str]:
    """Build and publish the hours that are due; which ranges were built.

    The lake's hours that are refused are left as they were: then they are `unbuilt` still, and the
    models build them alone.

    Raises:
        MusicFlowError: Some could not be built or published.
    """
    job = build_definitions(settings).resolve_job_def(HOURLY)
    with opened_runner(settings) as runner:

        def run(
            hours: Iterable[datetime], assets: Sequence[dg.AssetKey] | None = None
        ) -> list[Outcome]:
            ranges = ranges_with_gaps(hours, settings.run_hours)
            return [runner.run(job, each, {FORGET_TAG: "yes"}, assets) for each in ranges]

        from_lake = run(due.from_lake)
        _see_that_none_failed(each for each in from_lake if not _has_refused(runner, each))
        models = [each for each in _assets(job) if each.path[0] != "raw"]
        by_models = run({*due.models_only, *unbuilt()}, models)
        _see_that_none_failed(by_models)
    return [str(each.hours) for each in (*from_lake, *by_models) if each.succeeded]


def _has_refused(runner: Runner, outcome: Outcome) -> bool:
    """Whether a run left hours as they were, since what landed for them breaks the contract."""
    run = runner.instance.get_run_by_id(outcome.run_id)
    return run is not None and run.tags.get(REFUSED_TAG) == "yes"


def _see_that_none_failed(outcomes: Iterable[Outcome]) -> None:
    """Raise if a run failed; the console has said why.

    Raises:
        MusicFlowError: One did.
    """
    failed = [str(each.hours) for each in outcomes if not each.succeeded]
    if failed:
        raise MusicFlowError(
            f"builds failed for {', '.join(failed)}: the lines above say why; mend it and run "
            "this command again"
        )


def _assets(job: dg.JobDefinition) -> list[dg.AssetKey]:
    return sorted(job.asset_layer.executable_asset_keys)
