"""What `dbt build` tells of models and tests, for several builds of one step together."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

DURATION = "Execution Duration"
"""Seconds of a model, as dagster-dbt calls them."""
BILLED = ("bytes_billed", "slot_ms")
"""What BigQuery tells of a statement; DuckDB bills nobody."""


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


def costs_of(results: Iterable[Path]) -> dict[str, dict[str, float]]:
    """By model, what the warehouse billed in all builds, told by dbt's files of `results`."""
    costs: dict[str, dict[str, float]] = {}
    for file in results:
        if not file.is_file():
            continue
        for result in json.loads(file.read_bytes())["results"]:
            response = result.get("adapter_response") or {}
            model = costs.setdefault(result["unique_id"].rpartition(".")[2], {})
            for name in BILLED:
                if response.get(name) is not None:
                    model[name] = model.get(name, 0) + response[name]
    return costs


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
