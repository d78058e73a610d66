"""Whatever listeners do, in whatever order it comes in: the tables are the reference's."""

import random
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.random_streams import Raw, divided, random_stream
from tests.dbt_project.reference.tables import reference
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse

HOUR = timedelta(hours=1)
pytestmark = pytest.mark.integration


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    # A build takes seconds: to shrink a failure, look at its seed by hand.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(seed=st.integers(0, 1_000_000), first=st.integers(-1, 8), hours=st.integers(1, 6))
def test_random_streams_give_the_references_tables(
    dbt_folder: Path, seed: int, first: int, hours: int
):
    """Of some hours, every other event comes when all else is built; those hours are rebuilt."""
    warehouse = Warehouse(dbt_folder / "random" / "musicflow.duckdb", dbt_folder / "target")
    raw = random_stream(seed)
    start = begin_of(raw) + first * HOUR
    end = start + hours * HOUR
    chance = random.Random(seed)
    early, late = divided(
        raw, lambda row: start <= row["occurred_at"] < end and chance.random() < 0.5
    )

    warehouse.create()
    warehouse.fill(early)
    warehouse.run()
    warehouse.fill(late)
    warehouse.run_window(start, end)

    for name, expected in reference(raw, PSEUDONYM_KEY).items():
        assert_agrees(warehouse, name, expected)


def begin_of(raw: Raw) -> datetime:
    first = min(row["occurred_at"] for rows in raw.values() for row in rows)
    return first.replace(minute=0, second=0, microsecond=0)
