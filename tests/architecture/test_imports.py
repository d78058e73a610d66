"""Who may import whom: stations meet through data and `contracts`, never through imports."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STATIONS = ("eventsim", "streaming", "musicflow_dagster", "dashboard")
NO_STATIONS = ("contracts", "local", "benchmarks")
PLAIN_CONTRACTS = ("events.py", "lake.py", "reasons.py", "identity.py", "errors.py")


def imported_by(file: Path) -> Iterator[str]:
    """Top-level packages that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def imported_below(package: str) -> set[str]:
    return {name for file in (ROOT / package).rglob("*.py") for name in imported_by(file)}


@pytest.mark.parametrize("package", [*STATIONS, "contracts", "local"])
def test_no_package_imports_a_station(package):
    others = {*STATIONS, "local", "benchmarks", "tests"} - {package}

    assert imported_below(package) & others == set()


@pytest.mark.parametrize("file", PLAIN_CONTRACTS)
def test_the_contract_itself_needs_the_standard_library_only(file):
    allowed = sys.stdlib_module_names | {"contracts"}

    assert set(imported_by(ROOT / "contracts" / file)) <= allowed


def test_every_python_package_is_a_station_or_known_to_be_none():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}

    assert packages - {"tests"} <= {*STATIONS, *NO_STATIONS}


def test_dagster_needs_no_spark_and_spark_needs_no_dagster():
    assert "pyspark" not in imported_below("musicflow_dagster")
    assert {"dagster", "duckdb", "dbt"} & imported_below("streaming") == set()
