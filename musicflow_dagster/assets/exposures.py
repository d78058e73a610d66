"""Who reads what is published: the exposures that the dbt project declares."""

from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg

from musicflow_dagster.assets.keys import OWNERS, SNAPSHOT

GROUP = "dashboard"


def exposure_assets(manifest: Mapping[str, Any]) -> Iterator[dg.AssetSpec]:
    """An external asset for each exposure of dbt's manifest.

    Its models reach it through the snapshot: nothing reads the warehouse itself.
    """
    for exposure in manifest["exposures"].values():
        reads = sorted(name.rpartition(".")[2] for name in exposure["depends_on"]["nodes"])
        yield dg.AssetSpec(
            [GROUP, exposure["name"]],
            deps=[SNAPSHOT],
            description=exposure["description"].strip(),
            group_name=GROUP,
            kinds={exposure["type"]},
            owners=OWNERS,
            metadata={"reads": dg.MetadataValue.json(reads)},
        )
