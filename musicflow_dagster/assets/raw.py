"""The raw assets: hours of an event, brought from the lake to the warehouse and checked."""

import json
import time
from dataclasses import asdict

import dagster as dg

from contracts.events import EVENTS, Event
from contracts.lake import hour_key
from musicflow_dagster.assets.hour_checks import (
    Findings,
    findings_of,
    hour_check_specs,
    numbers_of,
    store_findings,
    verdicts_on_range,
)
from musicflow_dagster.assets.keys import OWNERS, lake_key, raw_key
from musicflow_dagster.assets.lake import column_schema
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.verdicts import Verdict, store_verdict
from musicflow_dagster.checks.findings import Number
from musicflow_dagster.contract_check import SAMPLE
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.partitions import hours_of_run
from musicflow_dagster.planner import fingerprint
from musicflow_dagster.raw_load import LoadedHour, LoadReport, Refusal, load_hours
from musicflow_dagster.resources import POOL, LakeResource, WarehouseResource
from musicflow_dagster.settings import Settings

LOADED = "loaded_and_reconciled"
"""The check of a raw hour: it keeps the contract, and each landed row is accounted for."""
REFUSED_TAG = "musicflow/refused"
"""On a run: `yes` if it refused hours; they stand in the tag `musicflow/refused_hours`."""
REFUSED_HOURS_TAG = "musicflow/refused_hours"


def raw_assets(
    settings: Settings, hours: dg.HourlyPartitionsDefinition
) -> list[dg.AssetsDefinition]:
    """The raw tables of all events."""
    return [raw_asset(event, settings, hours) for event in EVENTS]


def raw_asset(
    event: Event, settings: Settings, hours: dg.HourlyPartitionsDefinition
) -> dg.AssetsDefinition:
    """The asset that replaces hours of an event's raw table by what the lake holds."""
    key = raw_key(event)

    @dg.asset(
        key=key,
        deps=[lake_key(event)],
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description=f"{event.description} One row per identity (event_id, occurred_at).",
        group_name="raw",
        kinds={"duckdb", "bronze"},
        owners=OWNERS,
        pool=POOL,
        metadata={"dagster/column_schema": column_schema(event)},
        check_specs=[
            dg.AssetCheckSpec(
                LOADED,
                asset=key,
                blocking=True,
                partitions_def=hours,
                description="Rows keep the contract; accepted + replayed + from files = raw + "
                "duplicates. An hour that fails stays as it was.",
            ),
            *hour_check_specs(event, hours),
        ],
    )
    def load(
        context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        began = time.monotonic()
        with retried(context), warehouse.open() as connection:
            index = lake.manifests()
            report = load_hours(connection, index, event, hours_of_run(context))
        seconds = round(time.monotonic() - began, 3)
        findings = findings_of(settings, index, event, report.loaded)
        _report_hours(context, event, report, findings)
        if report.refused:
            _mark_run(context, index, report)
            raise _failure(event, report)
        return dg.MaterializeResult(
            metadata=_totals(report) | {"load_seconds": seconds},
            check_results=[
                dg.AssetCheckResult(check_name=LOADED, passed=True, metadata=_totals(report)),
                *verdicts_on_range(findings),
            ],
        )

    return load


def _report_hours(
    context: dg.AssetExecutionContext, event: Event, report: LoadReport, findings: Findings
) -> None:
    """Store each hour's numbers and verdict, so that the UI shows them by partition."""
    key = raw_key(event)
    check = dg.AssetCheckKey(key, LOADED)
    for hour, loaded in report.loaded.items():
        store_verdict(context, check, hour, Verdict(passed=True, metadata=_numbers(loaded)))
        if not report.refused:
            numbers = _numbers(loaded) | numbers_of(findings, hour)
            context.add_asset_metadata(numbers, key, hour_key(hour))
    for hour, refusal in report.refused.items():
        store_verdict(context, check, hour, Verdict(passed=False, metadata=_why(refusal)))
    store_findings(context, event, findings)


def _numbers(loaded: LoadedHour) -> dict[str, Number]:
    return {
        "dagster/partition_row_count": loaded.raw_rows,
        "accepted": loaded.landed.stream,
        "replayed": loaded.landed.replay,
        "from_files": loaded.landed.files,
        "duplicates": loaded.duplicates,
        "conflicting_duplicates": loaded.conflicting_duplicates,
        "bytes": loaded.landed.bytes,
    }


def _totals(report: LoadReport) -> dict[str, Number]:
    numbers = [_numbers(loaded) for loaded in report.loaded.values()]
    totals = {name: sum(each[name] for each in numbers) for name in numbers[0]} if numbers else {}
    return {"hours": len(numbers)} | totals


def _why(refusal: Refusal) -> dict[str, dg.MetadataValue]:
    """Where and which rule: Kafka positions and fields, never values."""
    sample = [asdict(breach) for breach in refusal.breaches[:SAMPLE]]
    return {
        "reason": dg.MetadataValue.text(refusal.reason),
        "breaches": dg.MetadataValue.int(len(refusal.breaches)),
        "sample": dg.MetadataValue.json(sample),
    }


def _mark_run(context: dg.AssetExecutionContext, index: LakeIndex, report: LoadReport) -> None:
    """Note on the run which hours were refused and what they were made of, for the planner."""
    landed = index.fingerprints()
    events = tuple(event.name for event in EVENTS)
    refused = {hour_key(hour): fingerprint(landed, events, [hour]) for hour in report.refused}
    run = context.instance.get_run_by_id(context.run.run_id)
    by_others = json.loads(run.tags.get(REFUSED_HOURS_TAG, "{}")) if run else {}
    tags = {REFUSED_TAG: "yes", REFUSED_HOURS_TAG: json.dumps(by_others | refused)}
    context.instance.add_run_tags(context.run.run_id, tags)


def _failure(event: Event, report: LoadReport) -> dg.Failure:
    named = "; ".join(
        f"{hour_key(hour)}: {refusal.reason}"
        for hour, refusal in sorted(report.refused.items())[:SAMPLE]
    )
    return dg.Failure(
        f"{len(report.refused)} hours of raw.{event.name} were left as they were "
        f"({len(report.loaded)} are loaded): {named}",
        allow_retries=False,
    )
