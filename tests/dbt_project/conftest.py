"""The warehouse that the dbt project's tests share, empty at the start of each."""

from pathlib import Path

import pytest

from tests.dbt_project.warehouse import Warehouse


@pytest.fixture(scope="session")
def dbt_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def warehouse(dbt_folder: Path) -> Warehouse:
    empty = Warehouse(dbt_folder / "warehouse" / "musicflow.duckdb", dbt_folder / "target")
    empty.create()
    return empty
