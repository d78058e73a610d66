"""The checks that watch a raw hour and block nothing: copies, lateness, volume.

They are told from what the load counted and from the index of manifests, within the load's step:
a step of their own would cost more than they do.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import dagster as dg

from contracts.events import Event
from contracts.lake import hour_key
from musicflow_dagster.assets.keys import raw_key
from musicflow_dagster.assets.verdicts import Verdict, store_verdict
from musicflow_dagster.checks.duplicates import duplicates
from musicflow_dagster.checks.findings import Finding, Number
from musicflow_dagster.checks.lateness import lateness
from musicflow_dagster.checks.volume import Usual, volumes
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.load_report import LoadedHour
from musicflow_dagster.settings import Settings

ABOUT = {
    "few_duplicates": "Few of the landed rows are copies of others (MUSICFLOW_DUPLICATE_SHARE).",
    "few_late_rows": "Few rows landed after the hour was complete (MUSICFLOW_LATE_SHARE).",
    "volume_is_usual": "About as many rows as in the same hour of the weeks before: median and "
    "median absolute deviation (MUSICFLOW_VOLUME_WEEKS, MUSICFLOW_VOLUME_DEVIATIONS).",
}
HOURS_TOLD_ONE_BY_ONE = 24
"""Of longer ranges, only hours that don't pass have a verdict of their own (see docs/hours.md)."""
WARN = dg.AssetCheckSeverity.WARN
SAMPLE = 20
"""Most hours that a verdict on a range names."""

Findings = Mapping[str, Mapping[datetime, Finding]]
"""By check and hour."""


def hour_check_specs(
    event: Event, hours: dg.HourlyPartitionsDefinition
) -> Iterator[dg.AssetCheckSpec]:
    """The checks of an event's raw hours."""
    for name, about in ABOUT.items():
        yield dg.AssetCheckSpec(name, asset=raw_key(event), partitions_def=hours, description=about)


def findings_of(
    settings: Settings, index: LakeIndex, event: Event, loaded: Mapping[datetime, LoadedHour]
) -> Findings:
    """What the checks find of the hours that were loaded."""
    late, usual = settings.late_share, Usual(settings.volume_weeks, settings.volume_deviations)
    return {
        "few_duplicates": duplicates(loaded, settings.duplicate_share),
        "few_late_rows": lateness(index, event.name, loaded, settings.grace, late),
        "volume_is_usual": volumes(index, event.name, loaded, usual),
    }


def numbers_of(findings: Findings, hour: datetime) -> dict[str, Number]:
    """All numbers of an hour, to be plotted."""
    return {
        name: number
        for by_hour in findings.values()
        for name, number in by_hour[hour].numbers.items()
    }


def store_findings(context: dg.AssetExecutionContext, event: Event, findings: Findings) -> None:
    """Store the verdicts on single hours: all of a short range, of a long one what is wrong."""
    for name, by_hour in findings.items():
        check = dg.AssetCheckKey(raw_key(event), name)
        for hour, finding in sorted(by_hour.items()):
            if finding.passed and len(by_hour) > HOURS_TOLD_ONE_BY_ONE:
                continue
            store_verdict(context, check, hour, Verdict(finding.passed, finding.metadata, WARN))


def verdicts_on_range(findings: Findings) -> Iterator[dg.AssetCheckResult]:
    """One verdict of each check on all hours of a run."""
    for name, by_hour in findings.items():
        odd = {hour: each for hour, each in by_hour.items() if not each.passed}
        named = {hour_key(hour): odd[hour].says for hour in sorted(odd, reverse=True)[:SAMPLE]}
        yield dg.AssetCheckResult(
            check_name=name,
            passed=not odd,
            severity=WARN,
            metadata={
                "hours": len(by_hour),
                "odd_hours": len(odd),
                "newest_odd_hours": dg.MetadataValue.json(named),
            },
        )
