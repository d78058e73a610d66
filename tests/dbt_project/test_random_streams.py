"""Whatever listeners do, in whatever order it comes in: the tables are the reference's."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.random_streams import Raw, random_stream
from tests.dbt_project.reference.tables import reference
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse

pytestmark = pytest.mark.integration


@settings(
    max_examples=4,
    derandomize=True,
    deadline=None,
    # A build takes seconds: to shrink a failure, look at its seed by hand.
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(seed=st.integers(0, 1_000_000))
def test_random_streams_give_the_references_tables(dbt_folder: Path, seed: int):
    warehouse = Warehouse(dbt_folder / "random" / "musicflow.duckdb", dbt_folder / "target")
    raw = random_stream(seed)
    fill(warehouse, raw)

    warehouse.run()

    for name, expected in reference(raw, PSEUDONYM_KEY).items():
        assert_agrees(warehouse, name, expected)


def fill(warehouse: Warehouse, raw: Raw) -> None:
    warehouse.create()
    for name, rows in raw.items():
        warehouse.load(name, rows)
