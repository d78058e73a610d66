"""The check of the lake's offsets: each is accounted for, or an operator accepted its loss."""

import dagster as dg

from contracts.events import EVENTS, Event
from musicflow_dagster.assets.keys import lake_key
from musicflow_dagster.batch_sums import (
    FROM_THE_BEGINNING,
    TO_THE_END,
    accepted_gaps,
    findings_between,
)
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.settings import Settings

CHECK = "every_offset_is_accounted_for"
ABOUT = "Offsets = accepted + rejected + not data, and each batch begins where the last one ends."
SAMPLE = 20
"""Most findings and gaps that are shown."""


def offsets_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The check of each event, over all its batches, for whoever wants to know now."""
    return [_check(settings, event) for event in EVENTS]


def _check(settings: Settings, event: Event) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=lake_key(event), name=CHECK, description=ABOUT)
    def every_offset_is_accounted_for() -> dg.AssetCheckResult:
        index = manifest_index(settings)
        index.refresh()
        passed, metadata = verdict(index, event, FROM_THE_BEGINNING, TO_THE_END)
        return dg.AssetCheckResult(passed=passed, metadata=metadata)

    return every_offset_is_accounted_for


def evaluation(index: LakeIndex, event: Event, first: int, last: int) -> dg.AssetCheckEvaluation:
    """The same over manifests `first` to `last`, to be reported from outside a run."""
    passed, metadata = verdict(index, event, first, last)
    return dg.AssetCheckEvaluation(
        asset_key=lake_key(event), check_name=CHECK, passed=passed, metadata=metadata
    )


def verdict(
    index: LakeIndex, event: Event, first: int, last: int
) -> tuple[bool, dict[str, dg.MetadataValue]]:
    """Whether these manifests add up, what doesn't, and which gaps were accepted (ever)."""
    findings = list(findings_between(index, event.name, first, last))
    gaps = accepted_gaps(index, event.name)
    return not findings, {
        "findings": dg.MetadataValue.json([f"{x.where}: {x.what}" for x in findings[:SAMPLE]]),
        "accepted_gaps": dg.MetadataValue.json([str(each) for each in gaps[-SAMPLE:]]),
        "missing_offsets": dg.MetadataValue.int(sum(each.hole.missing or 0 for each in gaps)),
    }
