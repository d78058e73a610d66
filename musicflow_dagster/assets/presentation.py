"""What the UI tells of every asset beside its data: how fresh it must be, its docs and its code."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import dagster as dg

from musicflow_dagster.settings import REPOSITORY, Settings

HOURLY = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=2), fail_window=timedelta(hours=4)
)
"""Built once an hour, silent hours too: one build was missed, then three."""
AS_EVENTS_COME = dg.FreshnessPolicy.time_window(
    warn_window=timedelta(hours=2), fail_window=timedelta(hours=24)
)
"""A topic may be silent for a while; whether landing is up is told by `landing_is_fresh`."""
FRESHNESS = {
    "lake": AS_EVENTS_COME,
    "raw": HOURLY,
    "marts": HOURLY,
    "reporting": HOURLY,
    "reconciliation": HOURLY,
    "published": HOURLY,
}
PAGES = {
    "kafka": "landing.md",
    "lake": "landing.md",
    "rejected": "operations.md",
    "raw": "hours.md",
    "staging": "warehouse.md",
    "marts": "warehouse.md",
    "reporting": "warehouse.md",
    "reconciliation": "hours.md",
    "published": "hours.md",
    "dashboard": "warehouse.md",
    "catalogue": "warehouse.md",
}
"""The page of docs/ that tells of a layer."""
Asset = dg.AssetsDefinition | dg.AssetSpec


def presented(assets: Iterable[Asset], settings: Settings) -> list[Any]:
    """The same assets, with all that."""
    told = dg.map_asset_specs(partial(_told, settings), list(assets))
    referring = dg.with_source_code_references(list(told))
    if not settings.code_url:
        return list(referring)
    return list(
        dg.link_code_references_to_git(
            referring,
            git_url=settings.code_url,
            git_branch="main",
            file_path_mapping=dg.AnchorBasedFilePathMapping(
                local_file_anchor=REPOSITORY, file_anchor_path_in_repository=""
            ),
        )
    )


def _told(settings: Settings, spec: dg.AssetSpec) -> dg.AssetSpec:
    layer = spec.key.path[0]
    return spec.replace_attributes(
        freshness_policy=FRESHNESS.get(layer),
        kinds=_kinds(settings, spec),
        metadata={**spec.metadata, "docs": _docs(settings, PAGES[layer])},
    )


def _kinds(settings: Settings, spec: dg.AssetSpec) -> set[str]:
    """The asset's kinds, with the warehouse that is in use."""
    if settings.target == "local":
        return set(spec.kinds)
    return {"bigquery" if kind == "duckdb" else kind for kind in spec.kinds if kind != "parquet"
            or spec.key.path[0] in {"lake", "rejected"}}  # fmt: skip


def _docs(settings: Settings, page: str) -> dg.MetadataValue:
    """On the web where the code's address is known, else on this disk."""
    if settings.code_url:
        return dg.MetadataValue.url(f"{settings.code_url}/blob/main/docs/{page}")
    return dg.MetadataValue.path(REPOSITORY / "docs" / page)
