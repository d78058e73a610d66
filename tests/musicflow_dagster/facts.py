"""Views that stand in for the facts that dbt builds, where a test needs no dbt."""

import duckdb

from musicflow_dagster.warehouse.facts import FACTS
from musicflow_dagster.warehouse.published import RECONCILIATION, Published

TABLES = [
    *(Published("marts", fact.name, "day", fact.time_column) for fact in FACTS),
    *RECONCILIATION,
]
"""What is published of them."""


def stand_in(connection: duckdb.DuckDBPyConnection, **lose: str) -> None:
    """Make the views; of a fact that `lose` names, less than its raw table has."""
    connection.execute("create schema if not exists marts")
    for fact in FACTS:
        connection.execute(
            f"create or replace view marts.{fact.name} as select occurred_at as "
            f"{fact.time_column} from raw.{fact.event.name} {lose.get(fact.name, '')}"
        )
