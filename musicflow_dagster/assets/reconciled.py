"""The account of the facts: does each hour's fact hold what its raw hour holds?"""

from collections.abc import Mapping, Sequence

import dagster as dg

from contracts.lake import hour_key
from musicflow_dagster.assets.keys import FACTS_RECONCILED, OWNERS, raw_key
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.run_hours import hours_left, record_only
from musicflow_dagster.assets.verdicts import Verdict, store_verdict
from musicflow_dagster.contract_check import SAMPLE
from musicflow_dagster.resources import POOL, WarehouseResource
from musicflow_dagster.warehouse.facts import FACTS, FactHour, is_whole


def reconciled_asset(hours: dg.HourlyPartitionsDefinition) -> dg.AssetsDefinition:
    """The asset that counts facts against raw, with a blocking check per fact."""
    deps = [dg.AssetKey(["marts", fact.name]) for fact in FACTS]
    deps += [raw_key(fact.event) for fact in FACTS]

    @dg.asset(
        key=FACTS_RECONCILED,
        deps=deps,
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        description="Rows of each fact against rows of its raw table, by hour, and which "
        "manifests the models of an hour were built from.",
        group_name="reconciliation",
        kinds={"duckdb"},
        owners=OWNERS,
        pool=POOL,
        check_specs=[
            dg.AssetCheckSpec(
                _check(fact.name),
                asset=FACTS_RECONCILED,
                blocking=True,
                partitions_def=hours,
                description=f"Every hour has as many rows in {fact.name} as in raw.",
            )
            for fact in FACTS
        ],
    )
    def account(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        ranges = hours_left(context)
        with retried(context), warehouse.open() as opened:
            counted = opened.account_for(*ranges)
        _report_hours(context, counted)
        record_only(context, ranges)
        return dg.MaterializeResult(
            metadata={name: sum(each.fact_rows for each in rows) for name, rows in counted.items()},
            check_results=[_verdict(name, rows) for name, rows in counted.items()],
        )

    return account


def _report_hours(
    context: dg.AssetExecutionContext, counted: Mapping[str, Sequence[FactHour]]
) -> None:
    for fact, fact_hours in counted.items():
        check = dg.AssetCheckKey(FACTS_RECONCILED, _check(fact))
        for each in fact_hours:
            numbers = {"raw_rows": each.raw_rows, "fact_rows": each.fact_rows}
            verdict = Verdict(passed=is_whole([each]), metadata=numbers)
            store_verdict(context, check, each.hour, verdict)


def _check(fact: str) -> str:
    return f"raw_equals_{fact}"


def _verdict(fact: str, fact_hours: Sequence[FactHour]) -> dg.AssetCheckResult:
    unequal = [
        {"hour": hour_key(each.hour), "raw": each.raw_rows, "fact": each.fact_rows}
        for each in fact_hours
        if each.raw_rows != each.fact_rows
    ]
    return dg.AssetCheckResult(
        check_name=_check(fact),
        passed=is_whole(fact_hours),
        metadata={
            "hours": len(fact_hours),
            "raw_rows": sum(each.raw_rows for each in fact_hours),
            "fact_rows": sum(each.fact_rows for each in fact_hours),
            "unequal": dg.MetadataValue.json(unequal[:SAMPLE]),
        },
    )
