"""The accounts are kept as the contract describes them, on both engines."""

import duckdb

from contracts.accounts import TABLES
from musicflow_dagster.warehouse.bigquery.tables import SMALL_TABLES
from musicflow_dagster.warehouse.duckdb.connection import prepare
from musicflow_dagster.warehouse.published import RECONCILIATION

DESCRIBED = {table.name: [each.name for each in table.columns] for table in TABLES}


def test_all_accounts_that_are_published_are_described():
    assert {each.table for each in RECONCILIATION} == DESCRIBED.keys()


def test_columns_in_duckdb_are_those_described():
    with duckdb.connect() as connection:
        prepare(connection)
        stands = {name: connection.table(f"reconciliation.{name}").columns for name in DESCRIBED}

    assert stands == DESCRIBED


def test_columns_in_bigquery_are_those_described():
    stands = {name: SMALL_TABLES["reconciliation", name] for name in DESCRIBED}

    assert {name: [each for each, *_ in columns] for name, columns in stands.items()} == DESCRIBED
