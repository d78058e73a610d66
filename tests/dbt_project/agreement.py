"""Comparing a table of the warehouse with what the reference says it holds."""

import duckdb
import polars as pl
from polars.testing import assert_frame_equal

from tests.dbt_project.warehouse import Warehouse

SUMMED = {
    "listening_seconds",
    "mean_listening_seconds",
    "mean_length_seconds",
    "median_length_seconds",
    "length_seconds",
}
"""Of several fractions: the last digits depend on the order of adding. All else is exact."""


def assert_agrees(warehouse: Warehouse, name: str, expected: pl.DataFrame) -> None:
    """The same columns, the same rows, in any order."""
    with duckdb.connect(str(warehouse.path), read_only=True) as connection:
        built = connection.sql(f"select * from {name}").pl()
    assert sorted(built.columns) == sorted(expected.columns)
    exact = sorted(each for each in built.columns if _is_exact(each, name))
    order = sorted(built.columns, key=lambda each: each not in exact)
    found, wanted = (each.select(order).sort(order) for each in (built, expected))
    assert_frame_equal(found.select(exact), wanted.select(exact), check_exact=True)
    assert_frame_equal(found, wanted, rel_tol=1e-9, abs_tol=1e-9)


def _is_exact(column: str, table: str) -> bool:
    if column == "length_seconds":
        return table == "marts.fct_sessions"
    return column not in SUMMED or table in {"marts.fct_streams", "marts.wide_streams"}
