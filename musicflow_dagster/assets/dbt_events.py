"""What `dbt build` tells of models and tests, for several builds of one step together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

DURATION = "Execution Duration"
"""Seconds of a model, as dagster-dbt calls them."""


def in_one(builds: Iterable[Sequence[Any]]) -> Iterator[Any]:
    """The events of all `builds`, each model and each check once.

    A model took what it took in all of them; a check passed if it did in each.
    """
    models: dict[str, dg.Output] = {}
    checks: dict[tuple[object, object], dg.AssetCheckResult] = {}
    for event in (event for build in builds for event in build):
        if isinstance(event, dg.Output):
            models[event.output_name] = _longer(event, models.get(event.output_name))
        elif isinstance(event, dg.AssetCheckResult):
            place = (event.asset_key, event.check_name)
            if place not in checks or checks[place].passed:
                checks[place] = event
        else:
            yield event
    yield from models.values()
    yield from checks.values()


def model_of(event: Any) -> str:
    """The model that an output is of; nothing for other events."""
    if not isinstance(event, dg.Output) or "unique_id" not in event.metadata:
        return ""
    return str(event.metadata["unique_id"].value).rpartition(".")[2]


def _longer(event: dg.Output, before: dg.Output | None) -> dg.Output:
    if before is None:
        return event
    seconds = _seconds(event.metadata) + _seconds(before.metadata)
    return event.with_metadata({**event.metadata, DURATION: seconds})


def _seconds(metadata: Mapping[str, Any]) -> float:
    return float(metadata[DURATION].value) if DURATION in metadata else 0.0
