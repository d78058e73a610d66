"""dbt's models as assets: the same hours, one dbt build for each contiguous range of them."""

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliInvocation,
    DbtProject,
    dbt_assets,
)

from musicflow_dagster.assets.dbt_events import costs_of, in_one, model_of
from musicflow_dagster.assets.keys import OWNERS
from musicflow_dagster.assets.model_lineage import add_column_lineage
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.assets.run_hours import hours_left, record_only
from musicflow_dagster.dbt_models import dbt_environment, layer_of
from musicflow_dagster.dbt_resource import DbtResource
from musicflow_dagster.hours import HourRange
from musicflow_dagster.resources import POOL, WarehouseResource
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.protocol import Warehouse
from musicflow_dagster.warehouse.pseudonyms import pseudonym_key

RESULTS = "run_results.json"
WITHOUT_UNIT_TESTS = "resource_type:unit_test"
"""Unit tests judge the code, not the data: they belong to CI, not to each hour."""
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
"""The same for dbt: of a part of the models, dagster-dbt passes on the selection only."""


class LayeredTranslator(DagsterDbtTranslator):
    """Puts each model in the group of its layer: staging, marts, reporting."""

    def __init__(self, settings: DagsterDbtTranslatorSettings, prefix: str = "") -> None:
        """Read layers from schemas that begin with `prefix`."""
        super().__init__(settings)
        self._prefix = prefix

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """`<schema>/<name>`, for models and sources alike."""
        return dg.AssetKey([layer_of(dbt_resource_props, self._prefix), dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer."""
        return layer_of(dbt_resource_props, self._prefix)

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str]:  # noqa: ARG002 Dagster's signature
        """Who to ask."""
        return OWNERS


def secret_asset() -> dg.AssetSpec:
    """The key of the pseudonyms, as a place in the lineage; its value shows nowhere."""
    return dg.AssetSpec(
        ["staging", "pseudonym_key"],
        description="The secret that listeners' pseudonyms are made with: one row, put there "
        "before each build of the models, never published.",
        group_name="staging",
        kinds={"duckdb"},
        owners=OWNERS,
    )


def model_assets(
    project: DbtProject, settings: Settings, hours: dg.HourlyPartitionsDefinition
) -> dg.AssetsDefinition:
    """All models and their tests, built by one `dbt build` for the hours of a run."""

    @dbt_assets(
        manifest=project.manifest_path,
        project=project,
        exclude=WITHOUT_UNIT_TESTS,
        partitions_def=hours,
        backfill_policy=dg.BackfillPolicy.single_run(),
        dagster_dbt_translator=LayeredTranslator(
            DagsterDbtTranslatorSettings(enable_code_references=True), settings.dataset_prefix
        ),
        pool=POOL,
    )
    def models(
        context: dg.AssetExecutionContext, dbt: DbtResource, warehouse: WarehouseResource
    ) -> Iterator[Any]:
        with retried(context):
            with warehouse.open() as opened:
                opened.set_pseudonym_key(_pseudonym_key(settings))
            ranges = hours_left(context)
            builds, error = _built(context, dbt, ranges, settings)
            record_only(context, ranges)
            with warehouse.open() as opened:
                if not error:
                    newest = ranges[-1].last
                    add_column_lineage(context, builds[-1].invocation, newest, opened.columns())
                costs = costs_of(each.invocation.target_path / RESULTS for each in builds)
                events = in_one(each.events for each in builds)
                yield from _with_numbers(events, opened, costs)
            if error:
                raise error
            for each in builds:
                shutil.rmtree(each.invocation.target_path)  # kept only where dbt failed

    return models


@dataclass(frozen=True, slots=True)
class _Build:
    """A call of `dbt build`, and what it told of models and tests."""

    invocation: DbtCliInvocation
    events: Sequence[Any]


def _built(
    context: dg.AssetExecutionContext,
    dbt: DbtResource,
    ranges: Sequence[HourRange],
    settings: Settings,
) -> tuple[list[_Build], Exception | None]:
    """One build for each of `ranges`, up to the first that fails; and its error."""
    builds = []
    for hours in ranges:
        with environment(_variables(hours, settings)):
            invocation = dbt.cli(["build", *NO_UNIT_TESTS], context=context, raise_on_error=False)
            builds.append(_Build(invocation, list(invocation.stream())))
        if error := invocation.get_error():
            return builds, error
    return builds, None


def _pseudonym_key(settings: Settings) -> str:
    secret = settings.pseudonym_key
    return pseudonym_key(secret.get_secret_value() if secret else None, settings.home)


def _with_numbers(
    events: Iterable[Any], warehouse: Warehouse, costs: Mapping[str, Mapping[str, float]]
) -> Iterator[Any]:
    """The models' outputs with what they cost, and their rows, counted once dbt has let go."""
    told = list(events)
    counts = warehouse.row_counts({name for each in told if (name := model_of(each))})
    for event in told:
        name = model_of(event)
        numbers: dict[str, float] = dict(costs.get(name, {}))
        if name in counts:
            numbers["dagster/row_count"] = counts[name]
        yield event.with_metadata({**event.metadata, **numbers}) if numbers and name else event


def _variables(hours: HourRange, settings: Settings) -> dict[str, str]:
    """What dbt is told: the exact window, the file to work on, and where its parsed project is."""
    return dbt_environment(settings) | {
        "MUSICFLOW_WINDOW_START": f"{hours.start:%Y-%m-%d %H:00:00}",
        "MUSICFLOW_WINDOW_END": f"{hours.end:%Y-%m-%d %H:00:00}",
        "DBT_TARGET_PATH": str(settings.dbt_target),
    }


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Our environment with `variables` for as long as a child is started in it.

    The window goes by environment, not by `--vars`, which would void dbt's partial parse, and
    `DbtCliResource.cli` takes no environment of its own.
    """
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
