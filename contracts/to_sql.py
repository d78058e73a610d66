"""The contract as SQL: the raw tables' definitions, per engine."""

from typing import Literal

from contracts.events import Event, Field, FieldType, lake_fields

Dialect = Literal["duckdb", "bigquery"]

SQL_TYPES: dict[Dialect, dict[FieldType, str]] = {
    "duckdb": {
        "text": "varchar",
        "integer": "bigint",
        "number": "double",
        "boolean": "boolean",
        "timestamp": "timestamp",
    },
    "bigquery": {
        "text": "string",
        "integer": "int64",
        "number": "float64",
        "boolean": "bool",
        "timestamp": "timestamp",
    },
}
"""A timestamp is UTC everywhere; DuckDB's has no zone, so that no session setting bends it."""


def create_raw_table(event: Event, dialect: Dialect, schema: str = "raw") -> str:
    """The statement that creates the raw table of `event` unless it stands."""
    types = SQL_TYPES[dialect]
    columns = ",\n  ".join(_column(each, types) for each in lake_fields(event))
    return f"create table if not exists {schema}.{event.name} (\n  {columns}\n)"


def add_new_columns(event: Event, dialect: Dialect, schema: str = "raw") -> list[str]:
    """The statements that add what a table of an older contract lacks; no row is rewritten."""
    types = SQL_TYPES[dialect]
    return [
        f"alter table {schema}.{event.name} add column if not exists {_column(each, types)}"
        for each in lake_fields(event)
        if each.nullable
    ]


def _column(field: Field, types: dict[FieldType, str]) -> str:
    return f"{field.name} {types[field.type]}{'' if field.nullable else ' not null'}"
