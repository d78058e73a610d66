"""`musicflow backfill`: build any range of hours again, all in one run."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

import click
import dagster as dg
from dagster._core.execution.stats import StepEventStatus

from contracts.errors import ConfigurationError
from contracts.events import EVENTS, EVENTS_BY_NAME
from contracts.logs import log
from musicflow_dagster.assets.keys import FACTS_RECONCILED, raw_key
from musicflow_dagster.assets.run_hours import REFUSED_TAG
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.commands.running import (
    check_not_expired,
    check_range,
    opened_runner,
    tell,
)
from musicflow_dagster.commands.times import bounds, hour_option
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.hours import HourRange
from musicflow_dagster.knowledge import gather, manifest_index, require_lake
from musicflow_dagster.planner import fingerprint
from musicflow_dagster.settings import Settings, read_settings
from musicflow_dagster.warehouse.choice import publications_of

BACKFILL_TAG = "musicflow/backfill"
"""On a run: the hours, what landed for them, and the assets that were asked for."""
MODEL_LAYERS = ("staging", "marts", "reporting")
EVENT_NAMES = click.Choice([event.name for event in EVENTS])


@click.command()
@click.option("--from", "start", callback=hour_option, required=True, help="First hour.")
@click.option("--to", "end", callback=hour_option, required=True, help="Hour to stop before.")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=EVENT_NAMES,
    help="Load only this event's raw hours again, then all models. May be repeated.",
)
@click.option(
    "--assets",
    "selection",
    help="Only these assets, as Dagster selects them: 'key:\"marts/fct_streams\"+'.",
)
@click.option("--resume", is_flag=True, help="Leave out the loads that a run cut short had done.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list with one object.")
def backfill(  # noqa: PLR0913  one for each option
    start: datetime,
    end: datetime,
    *,
    events: Sequence[str],
    selection: str | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Build the hours from --from to before --to again, in one run, however many they are.

    Hours may overlap with others, go backwards, and be built as often as you like: the tables are
    always those of one build from what landed. Killed in the middle, nothing is half done: run it
    again, with --resume to save time. The exit code is 0 if the run succeeded, and 1 if not.
    """
    settings, hours = read_settings(), bounds(start, end)
    if hours is None or (events and selection):
        raise ConfigurationError("give --from and --to, and either --event or --assets")
    check_range(hours, settings)
    with opened_runner(settings) as runner:
        require_lake(settings)
        definitions = build_definitions(settings)
        job = definitions.resolve_job_def(HOURLY)
        assets = _chosen(definitions, job, events, selection)
        key = _key(settings, hours, assets)
        left = _without_done(runner.instance, key, assets) if resume else assets
        log.info("backfilling", hours=str(hours), count=len(hours), assets=len(left))
        outcome = runner.run(job, hours, {BACKFILL_TAG: key}, left)
    tell([outcome], as_json=as_json)


def _chosen(
    definitions: dg.Definitions, job: dg.JobDefinition, events: Sequence[str], selection: str | None
) -> list[dg.AssetKey]:
    """The job's assets that are asked for, in order.

    Which hours were built is noted by the account of the facts: it is only taken along where all
    models are, since it vouches for all of them.
    """
    every = set(job.asset_layer.executable_asset_keys)
    chosen = set(every)
    if events:
        left_out = {raw_key(event) for event in EVENTS if event.name not in events}
        chosen -= left_out
    elif selection:
        chosen &= _selected(definitions, selection)
    if not chosen:
        raise ConfigurationError(f"--assets {selection!r} selects nothing that is built by hours")
    models = {key for key in every if key.path[0] in MODEL_LAYERS}
    if not models <= chosen:
        chosen.discard(FACTS_RECONCILED)
    return sorted(chosen)


def _selected(definitions: dg.Definitions, selection: str) -> set[dg.AssetKey]:
    try:
        asked_for = dg.AssetSelection.from_string(selection)
        return set(asked_for.resolve(definitions.resolve_asset_graph(), allow_missing=True))
    except dg.DagsterError as error:
        raise ConfigurationError(
            f"--assets {selection!r} cannot be read: write for example 'group:marts' or "
            "'key:\"marts/fct_streams\"+'"
        ) from error


def _key(settings: Settings, hours: HourRange, assets: Iterable[dg.AssetKey]) -> str:
    """What stands for just this backfill: its hours, what landed for them, its assets."""
    index = manifest_index(settings)
    index.refresh()
    known = gather(index, publications_of(settings))
    check_not_expired(known, hours)
    names = " ".join(key.to_user_string() for key in assets)
    digest = hashlib.blake2b(names.encode(), digest_size=8).hexdigest()
    return f"{hours}/{fingerprint(known.landed, known.events, hours)}/{digest}"


def _without_done(
    instance: dg.DagsterInstance, key: str, assets: Sequence[dg.AssetKey]
) -> list[dg.AssetKey]:
    """What is left of the same backfill, if its last run did not succeed.

    Raw loads are committed one by one, and what they were made from is in the key; dbt's models
    are one step, which begins anew.
    """
    done: set[dg.AssetKey] = set()
    for run in instance.get_runs(dg.RunsFilter(tags={BACKFILL_TAG: key}), limit=20):
        if run.is_success:
            break
        if run.tags.get(REFUSED_TAG) == "yes":
            continue  # not all of its hours were loaded; and which, it knew alone
        done |= {
            raw_key(EVENTS_BY_NAME[stats.step_key.removeprefix("raw__")])
            for stats in instance.get_run_step_stats(run.run_id)
            if stats.status == StepEventStatus.SUCCESS and stats.step_key.startswith("raw__")
        }
    return [asset for asset in assets if asset not in done]
