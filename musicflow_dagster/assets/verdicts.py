"""Check results of single hours: a run over a range stores one per hour, not one in all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from contracts.lake import hour_key


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found; where it is only a warning, nothing is held up by it."""

    passed: bool
    metadata: Mapping[str, Any]
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR


def store_verdict(
    context: dg.AssetExecutionContext, check: dg.AssetCheckKey, hour: datetime, verdict: Verdict
) -> None:
    """Store what a check found for one hour, as a result of this run.

    Dagster's own results of a range run bear no partition; one that is reported as an event of
    the run fills in the place that was planned for the hour.
    """
    context.instance.report_dagster_event(
        dg.DagsterEvent(
            event_type_value=dg.DagsterEventType.ASSET_CHECK_EVALUATION.value,
            job_name=context.run.job_name,
            step_key=context.op_execution_context.op.name,
            event_specific_data=dg.AssetCheckEvaluation(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=verdict.passed,
                metadata=verdict.metadata,
                severity=verdict.severity,
                blocking=verdict.severity is dg.AssetCheckSeverity.ERROR,
                partition=hour_key(hour),
            ),
        ),
        context.run.run_id,
    )
