"""The project itself: documented to the last column, and ready for the orchestrator."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.dbt_project.warehouse import Warehouse, hour

pytestmark = pytest.mark.integration

Node = dict[str, Any]
PUBLISHED = ("marts", "reporting")


@pytest.fixture(scope="module")
def models(dbt_folder: Path) -> dict[str, Node]:
    """The models, as dbt understands them without any warehouse."""
    offline = Warehouse(dbt_folder / "nowhere" / "musicflow.duckdb", dbt_folder / "target")
    result = offline.dbt("parse", "--no-partial-parse")
    assert result.success, offline.messages[-5:]
    assert not offline.path.parent.exists()
    manifest = json.loads((offline.target / "manifest.json").read_text())
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] == "model"}


def test_every_model_tells_its_grain_and_every_column_its_meaning(models: dict[str, Node]):
    silent = [
        f"{name}.{column['name']}"
        for name, node in models.items()
        for column in node["columns"].values()
        if not column["description"]
    ]
    assert silent == []
    assert [name for name, node in models.items() if "One row per" not in node["description"]] == []


def test_the_columns_that_are_described_are_the_columns_that_are_there(
    models: dict[str, Node], warehouse: Warehouse
):
    warehouse.run()
    tables = {name: node for name, node in models.items() if _is_built(node)}
    described = {(name, column) for name, node in tables.items() for column in node["columns"]}

    built = warehouse.rows("""
        select table_name, column_name from information_schema.columns
        where table_schema in ('staging', 'marts', 'reporting') and table_name <> 'pseudonym_key'
    """)

    assert set(built) == described


def _is_built(node: Node) -> bool:
    """Whether it stands in the warehouse, and is no mere step of another model."""
    return node["config"]["materialized"] != "ephemeral"


def test_every_published_model_says_how_and_keeps_a_contract(models: dict[str, Node]):
    published = [node for node in models.values() if node["schema"] in PUBLISHED]

    assert published
    for node in published:
        publish = node["config"]["meta"]["publish"]
        assert publish["by"] in {"day", "whole", "view"}, node["name"]
        assert publish["by"] != "day" or publish["time_column"] in node["columns"], node["name"]
        assert node["config"]["contract"]["enforced"], node["name"]


def test_every_incremental_model_declares_its_reach_and_its_time(models: dict[str, Node]):
    for name, node in models.items():
        if node["config"]["materialized"] == "incremental":
            meta = node["config"]["meta"]
            assert {"before_hours", "after_hours"} <= set(meta["reach"]), name
            moments = meta.get("moments") or [node["config"]["event_time"]]
            assert set(moments) <= set(node["columns"]), name


def test_every_incremental_model_is_partitioned_by_its_time_and_clustered(models: dict[str, Node]):
    """In BigQuery; by days, whose comparisons are with days."""
    for name, node in models.items():
        config = node["config"]
        if config["materialized"] == "incremental":
            partitions = config["partition_by"]
            moments = config["meta"].get("moments") or [config["event_time"]]
            assert partitions["field"] in moments, name
            is_day = partitions["field"].endswith(("_on", "_week"))
            assert partitions["data_type"] == ("date" if is_day else "timestamp"), name
            assert set(config["cluster_by"]) <= set(node["columns"]), name
            assert 1 <= len(config["cluster_by"]) <= 4, name


def test_another_window_does_not_parse_the_project_again(warehouse: Warehouse):
    warehouse.run(0, 1, select="stg_eventsim__listen_events")
    warehouse.messages.clear()

    warehouse.run(1, 2, select="stg_eventsim__listen_events")

    assert any("no changes found, skipping parsing" in each for each in warehouse.messages)


@pytest.mark.parametrize(
    ("window", "told"),
    [
        pytest.param({"start": hour(1)}, "set both", id="an end is missing"),
        pytest.param({"start": hour(1), "end": hour(1)}, "the start first", id="it is empty"),
        pytest.param(
            {"start": hour(0).replace(minute=30), "end": hour(1)},
            "MUSICFLOW_WINDOW_START must be a full hour",
            id="it begins within an hour",
        ),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(warehouse: Warehouse, window, told: str):
    result = warehouse.dbt("run", "--select", "fct_streams", **window)

    assert not result.success
    assert any(told in message for message in warehouse.messages)
