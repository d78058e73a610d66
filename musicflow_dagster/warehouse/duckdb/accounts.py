"""The accounts of the models: per hour, rows of a fact against rows of its raw table.

They are written after dbt has built the hours; with them it is noted which manifests the hours
were built from, which is what the planner goes by.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from datetime import datetime

import duckdb

from contracts.events import EVENTS
from musicflow_dagster.hours import HourRange, aware, naive
from musicflow_dagster.warehouse.facts import FACTS, Fact, FactHour, is_whole


def account_for(
    connection: duckdb.DuckDBPyConnection, *ranges: HourRange
) -> dict[str, list[FactHour]]:
    """Count and record the hours of `ranges` of each fact; note what they were built from."""
    connection.execute("begin")
    counted: dict[str, list[FactHour]] = {fact.name: [] for fact in FACTS}
    for hours in ranges:
        of_range = {fact.name: _count(connection, fact, hours) for fact in FACTS}
        _record(connection, of_range, hours)
        for name, fact_hours in of_range.items():
            counted[name] += fact_hours
    if all(is_whole(fact_hours) for fact_hours in counted.values()):
        for hours in ranges:
            _note_built(connection, hours)
    connection.execute("commit")
    return counted


def _count(connection: duckdb.DuckDBPyConnection, fact: Fact, hours: HourRange) -> list[FactHour]:
    raw = _rows_per_hour(connection, f"raw.{fact.event.name}", "occurred_at", hours)
    built = _rows_per_hour(connection, f"marts.{fact.name}", fact.time_column, hours)
    return [FactHour(hour, raw.get(hour, 0), built.get(hour, 0)) for hour in hours]


def _rows_per_hour(
    connection: duckdb.DuckDBPyConnection, table: str, time_column: str, hours: HourRange
) -> dict[datetime, int]:
    rows = connection.execute(
        f"select date_trunc('hour', {time_column}), count(*) from {table} "
        f"where {time_column} >= $1 and {time_column} < $2 group by all",
        [naive(hours.start), naive(hours.end)],
    ).fetchall()
    return {aware(hour): int(count) for hour, count in rows}


def _record(
    connection: duckdb.DuckDBPyConnection, counted: dict[str, list[FactHour]], hours: HourRange
) -> None:
    _clear(connection, "fact_hours", hours)
    for name, fact_hours in counted.items():
        connection.execute(
            "insert into reconciliation.fact_hours select $1, unnest($2), unnest($3), unnest($4)",
            [
                name,
                [naive(each.hour) for each in fact_hours],
                [each.raw_rows for each in fact_hours],
                [each.fact_rows for each in fact_hours],
            ],
        )


def _note_built(connection: duckdb.DuckDBPyConnection, hours: HourRange) -> None:
    """The models of `hours` now show what raw held when dbt read it."""
    _clear(connection, "built_hours", hours)
    connection.execute(
        "insert into reconciliation.built_hours "
        "select event, hour, manifests from reconciliation.raw_hours "
        "where hour >= $1 and hour < $2 and list_contains($3, event)",
        [naive(hours.start), naive(hours.end), [event.name for event in EVENTS]],
    )
    # Publishing may fail, and then a run of other hours has to publish these too.
    _clear(connection, "unpublished_hours", hours)
    connection.execute(
        "insert into reconciliation.unpublished_hours select unnest($1)",
        [[naive(hour) for hour in hours]],
    )


def _clear(connection: duckdb.DuckDBPyConnection, table: str, hours: HourRange) -> None:
    connection.execute(
        f"delete from reconciliation.{table} where hour >= $1 and hour < $2",
        [naive(hours.start), naive(hours.end)],
    )
