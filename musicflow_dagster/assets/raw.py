"""The raw assets: hours of an event, brought from the lake to the warehouse and checked.

The first of a run judges its hours for all of them; what one refuses, none loads.
"""

import time
from dataclasses import asdict

import dagster as dg

from contracts.events import EVENTS, Event
from musicflow_dagster.assets.hour_checks import (
    Findings,
    findings_of,
    hour_check_specs,
    numbers_of,
    store_findings,
    verdicts_on_range,
)
from musicflow_dagster.assets.keys import OWNERS, SNAPSHOT, lake_key, raw_key
from musicflow_dagster.assets.lake import column_schema
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.run_hours import (
    add_metadata,
    failure,
    forget_refused,
    hours_left,
    record_only,
    refuse,
    refused_hours,
)
from musicflow_dagster.assets.verdicts import Verdict, store_verdict
from musicflow_dagster.checks.findings import Number
from musicflow_dagster.contract_check import SAMPLE
from musicflow_dagster.hours import hours_of, ranges_of
from musicflow_dagster.judging import Judgement
from musicflow_dagster.load_report import LoadedHour, LoadReport, Refusal, Refusals
from musicflow_dagster.partitions import ranges_of_run
from musicflow_dagster.resources import POOL, LakeResource, WarehouseResource
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.protocol import Warehouse

LOADED = "loaded_and_reconciled"
"""The check of a raw hour: it keeps the contract, and each landed row is accounted for."""


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
                "duplicates + erased. An hour that fails stays as it was.",
            ),
            *hour_check_specs(event, hours),
        ],
    )
    def load(
        context: dg.AssetExecutionContext, lake: LakeResource, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        with retried(context), warehouse.open() as opened:
            judgement = lake.judgement or _judged(context, lake, opened, settings)
            began = time.monotonic()
            report = judgement.load(opened, event, hours_of(hours_left(context)))
        seconds = round(time.monotonic() - began, 3)
        _refuse(context, judgement, event, report.refused)
        findings = findings_of(settings, judgement.index, event, report.loaded)
        report.refused.update(judgement.refused[event.name])
        _report_hours(context, event, report, findings)
        _end_if_nothing_is_left(context, event, report)
        record_only(context, list(ranges_of(report.loaded)))
        return dg.MaterializeResult(
            metadata=_totals(report) | {"load_seconds": seconds},
            check_results=[_verdict(report), *verdicts_on_range(findings)],
        )

    return load


def _judged(
    context: dg.AssetExecutionContext, lake: LakeResource, warehouse: Warehouse, settings: Settings
) -> Judgement:
    """The judgement of all hours that this run loads, noted on the run."""
    assets = context.job_def.asset_layer.executable_asset_keys
    events = [each for each in EVENTS if raw_key(each) in assets]
    forget_refused(context)
    judgement = lake.judge(warehouse, events, ranges_of_run(context), settings.suppression)
    for each in events:
        _refuse(context, judgement, each, judgement.refused[each.name])
    return judgement


def _refuse(
    context: dg.AssetExecutionContext, judgement: Judgement, event: Event, refused: Refusals
) -> None:
    reasons = {hour: f"raw.{event.name}: {each.reason}" for hour, each in refused.items()}
    refuse(context, reasons, {hour: judgement.content(hour) for hour in refused})


def _end_if_nothing_is_left(
    context: dg.AssetExecutionContext, event: Event, report: LoadReport
) -> None:
    """Go on with the good hours, unless there is none, or the run has no end to tell of the bad."""
    goes_on = SNAPSHOT in context.job_def.asset_layer.executable_asset_keys
    if not report.loaded or (report.refused and not goes_on):
        raise failure(refused_hours(context), f"{len(report.loaded)} of raw.{event.name} loaded")


def _verdict(report: LoadReport) -> dg.AssetCheckResult:
    """The verdict on all hours; bad ones have theirs, and hold up no others."""
    return dg.AssetCheckResult(
        check_name=LOADED,
        passed=not report.refused,
        severity=dg.AssetCheckSeverity.WARN,
        metadata=_totals(report) | {"refused_hours": len(report.refused)},
    )


def _report_hours(
    context: dg.AssetExecutionContext, event: Event, report: LoadReport, findings: Findings
) -> None:
    """Store each hour's numbers and verdict, so that the UI shows them by partition."""
    key = raw_key(event)
    check = dg.AssetCheckKey(key, LOADED)
    for hour, loaded in report.loaded.items():
        store_verdict(context, check, hour, Verdict(passed=True, metadata=_numbers(loaded)))
        numbers = _numbers(loaded) | numbers_of(findings, hour)
        add_metadata(context, numbers, key, hour)
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
        "erased": loaded.erased,
        "bytes": loaded.landed.bytes,
    }


def _totals(report: LoadReport) -> dict[str, Number]:
    numbers = [_numbers(loaded) for loaded in report.loaded.values()]
    totals = {name: sum(each[name] for each in numbers) for name in numbers[0]} if numbers else {}
    return {"hours": len(numbers)} | totals | report.costs


def _why(refusal: Refusal) -> dict[str, dg.MetadataValue]:
    """Where and which rule: Kafka positions and fields, never values."""
    sample = [asdict(breach) for breach in refusal.breaches[:SAMPLE]]
    return {
        "reason": dg.MetadataValue.text(refusal.reason),
        "breaches": dg.MetadataValue.int(len(refusal.breaches)),
        "sample": dg.MetadataValue.json(sample),
    }
