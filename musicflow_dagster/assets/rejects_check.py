"""The check of the rejects' share, per hour of judgement."""

import dagster as dg

from contracts.events import EVENTS, Event
from contracts.lake import parse_hour_key
from musicflow_dagster.assets.keys import rejected_key
from musicflow_dagster.checks.rejects import rejects
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.settings import Settings

CHECK = "few_rejects"
ABOUT = (
    "Few of the messages that were judged in the hour were rejected (MUSICFLOW_ALERT_REJECT_SHARE)."
)
WARN = dg.AssetCheckSeverity.WARN


def rejects_checks(
    settings: Settings, hours: dg.HourlyPartitionsDefinition
) -> list[dg.AssetChecksDefinition]:
    """The check of each event, for whoever wants to know now; new batches bring it themselves."""
    return [_check(settings, event, hours) for event in EVENTS]


def rejects_evaluation(
    index: LakeIndex, event: Event, hour: str, most: float
) -> dg.AssetCheckEvaluation:
    """What the check finds of the hour of this name, to be reported from outside a run.

    The hour is told, not given as the partition: of what no run has found Dagster can store only
    one verdict a partition, and an hour is judged again with each batch that brings rejects.
    """
    finding = rejects(index, event.name, parse_hour_key(hour), most)
    return dg.AssetCheckEvaluation(
        asset_key=rejected_key(event),
        check_name=CHECK,
        passed=finding.passed,
        severity=WARN,
        metadata={"hour": hour, **finding.metadata},
    )


def _check(
    settings: Settings, event: Event, hours: dg.HourlyPartitionsDefinition
) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=rejected_key(event), name=CHECK, description=ABOUT, partitions_def=hours)
    def few_rejects(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        index = manifest_index(settings)
        index.refresh()
        most = settings.alert_reject_share
        found = {
            key: rejects(index, event.name, parse_hour_key(key), most)
            for key in context.partition_keys
        }
        return dg.AssetCheckResult(
            passed=all(each.passed for each in found.values()),
            severity=WARN,
            metadata={key: dg.MetadataValue.json(each.metadata) for key, each in found.items()},
        )

    return few_rejects
