"""What dbt makes of a run of eventsim is what the reference works out from its raw events."""

from pathlib import Path

import pytest

from tests.builders import Row
from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.reference.tables import Tables, reference
from tests.dbt_project.simulated import simulated
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse

pytestmark = pytest.mark.integration

OVER_29_FEBRUARY = (
    "--nusers", "60", "--growth-rate", "5", "--seed", "3", "--tag", "A",
    "--start-time", "2024-02-23", "--end-time", "2024-03-05",
)  # fmt: skip


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    return simulated(tmp_path_factory.mktemp("events"), *OVER_29_FEBRUARY)


@pytest.fixture(scope="module")
def expected(events: dict[str, list[Row]]) -> Tables:
    return reference(events, PSEUDONYM_KEY)


@pytest.fixture(scope="module")
def built(events: dict[str, list[Row]], dbt_folder: Path) -> Warehouse:
    warehouse = Warehouse(dbt_folder / "simulated" / "musicflow.duckdb", dbt_folder / "target")
    warehouse.create()
    warehouse.fill(events)
    warehouse.run()
    return warehouse


@pytest.mark.parametrize("name", sorted(reference({}, PSEUDONYM_KEY)))
def test_the_table_is_the_references(built: Warehouse, expected: Tables, name: str):
    assert_agrees(built, name, expected[name])
