"""What a producer sends twice, or a batch lands twice, is one row from raw to the reports."""

import random
from datetime import datetime
from pathlib import Path

import pytest

from contracts.events import EVENTS
from contracts.lake import HOUR
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from tests.builders import LakeBuilder
from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.random_streams import Raw, random_stream
from tests.dbt_project.reference.tables import reference
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse

pytestmark = pytest.mark.integration


def test_events_that_come_twice_are_told_once(warehouse: Warehouse, tmp_path: Path):
    raw = random_stream(seed=11)
    lake = LakeBuilder(tmp_path / "lake")
    for name, rows in raw.items():
        lake.land(name, rows)
        lake.land(name, random.Random(name).sample(rows, len(rows) // 3))

    load(warehouse, lake, window_of(raw))
    warehouse.run()

    for name, expected in reference(raw, PSEUDONYM_KEY).items():
        assert_agrees(warehouse, name, expected)


def load(warehouse: Warehouse, lake: LakeBuilder, window: HourRange) -> None:
    """As the platform loads the hours of a lake."""
    index = LakeIndex(lake.root.with_name("index.sqlite"), lake.store)
    index.refresh()
    with open_warehouse(warehouse.path) as connection:
        prepare(connection)
        for event in EVENTS:
            load_hours(DuckDBWarehouse(connection), index, event, window)


def window_of(raw: Raw) -> HourRange:
    moments = [row["occurred_at"] for rows in raw.values() for row in rows]
    first, last = full_hour(min(moments)), full_hour(max(moments))
    return HourRange(first, last + HOUR)


def full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
