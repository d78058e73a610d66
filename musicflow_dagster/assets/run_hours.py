"""The hours that a step works on: those of its run, without those that the run has refused."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import dagster as dg
from dagster._core.execution.context.output import OutputContext

from contracts.lake import hour_key, parse_hour_key
from musicflow_dagster.hours import HourRange, hours_of, ranges_of
from musicflow_dagster.long_tags import long_tag, read_tag
from musicflow_dagster.partitions import HOURS_TAG, ranges_of_run

REFUSED_TAG = "musicflow/refused"
"""On a run: `yes` if it refused hours."""
REFUSED_HOURS_TAG = "musicflow/refused_hours"
"""On a run: the hours that it refused, and what stands for all that had landed for them."""
REASONS_TAG = "musicflow/refused_because"
"""On a run: the hours that it refused, each with a reason in words, without any value."""
NAMED = 20
"""Most hours that a message names."""


def hours_left(context: dg.AssetExecutionContext) -> Sequence[HourRange]:
    """The run's hours that it has not refused, as contiguous ranges."""
    refused = refused_hours(context)
    return list(ranges_of(hour for hour in hours_of(ranges_of_run(context)) if hour not in refused))


def refused_hours(context: dg.AssetExecutionContext) -> dict[datetime, str]:
    """The hours that this run has refused up to now, and why."""
    return {parse_hour_key(hour): why for hour, why in _tag(context, REASONS_TAG).items()}


def forget_refused(context: dg.AssetExecutionContext) -> None:
    """Begin without refused hours: a run that is tried again has the tags of the one before."""
    if _tag(context, REASONS_TAG):
        tags = {REFUSED_TAG: "no"} | long_tag(REFUSED_HOURS_TAG, "{}") | long_tag(REASONS_TAG, "{}")
        context.instance.add_run_tags(context.run.run_id, tags)


def refuse(
    context: dg.AssetExecutionContext,
    reasons: Mapping[datetime, str],
    contents: Mapping[datetime, str],
) -> None:
    """Note on the run that it refuses hours: for its later steps, and for the planner."""
    if not reasons:
        return
    why = _tag(context, REASONS_TAG) | {hour_key(hour): reasons[hour] for hour in sorted(reasons)}
    content = _tag(context, REFUSED_HOURS_TAG) | {
        hour_key(hour): contents[hour] for hour in sorted(reasons)
    }
    tags = long_tag(REFUSED_HOURS_TAG, json.dumps(content)) | long_tag(REASONS_TAG, json.dumps(why))
    context.instance.add_run_tags(context.run.run_id, {REFUSED_TAG: "yes"} | tags)


def failure(refused: Mapping[datetime, str], what: str) -> dg.Failure:
    """The end of a step because of `refused` hours; `what` became of the others."""
    named = "; ".join(f"{hour_key(hour)}: {refused[hour]}" for hour in sorted(refused)[:NAMED])
    return dg.Failure(
        f"{len(refused)} hours were left as they were ({what}): {named}", allow_retries=False
    )


def record_only(context: dg.AssetExecutionContext, ranges: Sequence[HourRange]) -> None:
    """Let Dagster record the hours of `ranges` as what this step has built.

    By itself it records the one range that a run was asked for, whole, and has no public way to
    leave an hour out: hence the narrowed context of the outputs.
    """
    partitions = context.assets_def.partitions_def
    is_whole = list(ranges) == list(ranges_of_run(context)) and HOURS_TAG not in context.run.tags
    if is_whole or partitions is None:
        return
    keys = [hour_key(hour) for hour in hours_of(ranges)]
    subset = partitions.empty_subset().with_partition_keys(keys)
    step = context.op_execution_context._step_execution_context  # noqa: SLF001  see above
    whole = step.get_output_context

    def narrowed(*about: Any, **more: Any) -> OutputContext:
        output = whole(*about, **more)
        output._asset_partitions_subset = subset  # noqa: SLF001  see above
        return output

    step.get_output_context = narrowed  # type: ignore[method-assign]  # see above


def add_metadata(
    context: dg.AssetExecutionContext, metadata: Mapping[str, Any], key: dg.AssetKey, hour: datetime
) -> None:
    """Add what is known of one hour of an asset.

    Dagster's own `add_asset_metadata` takes hours of the run's one range only.
    """
    step = context.op_execution_context._step_execution_context  # noqa: SLF001  see above
    step._metadata_accumulator = step._metadata_accumulator.with_additional_asset_metadata(  # noqa: SLF001
        asset_key=key, partition_key=hour_key(hour), metadata=metadata
    )


def _tag(context: dg.AssetExecutionContext, name: str) -> dict[str, str]:
    run = context.instance.get_run_by_id(context.run.run_id)
    found: dict[str, str] = json.loads((run and read_tag(run.tags, name)) or "{}")
    return found
