"""The contract check: which rows of the lake break their event's contract, and how.

All hours of a load are judged together, a bounded number of rows at a time; a breach is named
by Kafka position, field and rule, never by value. Types are judged once, and of the rows only those
columns are read that can still break a rule: reading is what takes the time.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
from pandera.errors import SchemaErrors
from pandera.polars import DataFrameSchema

from contracts.events import Event, Field, lake_fields
from contracts.to_pandera import pandera_schema
from musicflow_dagster.hours import aware

ROWS_AT_A_TIME = 500_000
SAMPLE = 20
"""Breaches that are told per hour; all are counted."""
POSITION = ("kafka_topic", "kafka_partition", "kafka_offset")


@dataclass(frozen=True, slots=True)
class Breach:
    """A row that broke a rule of its contract."""

    kafka_topic: str | None
    kafka_partition: int | None
    kafka_offset: int | None
    field: str
    rule: str


def breaches_by_hour(
    rows: duckdb.DuckDBPyRelation, event: Event, never_null: Collection[str] = ()
) -> dict[datetime, list[Breach]]:
    """The breaches of `rows`, by the hour of the file that holds the row.

    `rows` has the lake's columns and `hour_of_file`, naive UTC; the files themselves declare that
    the columns `never_null` are that.
    """
    schema = pandera_schema(event)
    if _fits_types(rows, schema):
        open_to_doubt = [each for each in lake_fields(event) if _can_break(each, never_null)]
        rows = rows.project(", ".join([*map(_judged, open_to_doubt), "hour_of_file"]))
        schema = schema.select_columns([field.name for field in open_to_doubt])
    found: dict[datetime, list[Breach]] = {}
    for frame in _frames(rows):
        for hour, breach in _breaches(frame, schema):
            found.setdefault(hour, []).append(breach)
    return found


def _fits_types(rows: duckdb.DuckDBPyRelation, schema: DataFrameSchema) -> bool:
    """Whether the columns have the contract's types; then only values are left to judge."""
    try:
        schema.validate(rows.limit(0).pl().drop("hour_of_file"), lazy=True)
    except SchemaErrors:
        return False
    return True


def _can_break(field: Field, never_null: Collection[str]) -> bool:
    """Whether a value of the right type can break the contract; or the field tells where it is."""
    has_rule = field.allowed or field.minimum is not None or field.maximum is not None
    can_be_missing = not field.nullable and field.name not in never_null
    return bool(has_rule) or can_be_missing or field.name in POSITION


def _judged(field: Field) -> str:
    """A field as its rules need it: of a free text, only whether it is there."""
    if field.type == "text" and not field.allowed and field.name not in POSITION:
        return f"case when {field.name} is not null then '' end as {field.name}"
    return field.name


def _frames(rows: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    for batch in rows.to_arrow_reader(ROWS_AT_A_TIME):
        yield pl.DataFrame(pl.from_arrow(batch))


def _breaches(frame: pl.DataFrame, schema: DataFrameSchema) -> Iterator[tuple[datetime, Breach]]:
    try:
        schema.validate(frame.drop("hour_of_file"), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return
    for field, rule, index in cases.select("column", "check", "index").iter_rows():
        affected = frame if index is None else frame[index]
        yield from _placed(affected, str(field), str(rule))


def _placed(rows: pl.DataFrame, field: str, rule: str) -> Iterator[tuple[datetime, Breach]]:
    """A breach for each hour of `rows`; a wrong column type breaks every hour that has it."""
    first = rows.group_by("hour_of_file").first()
    position = first.select("hour_of_file", *POSITION)
    for hour, topic, partition, offset in position.iter_rows():
        yield aware(hour), Breach(topic, partition, offset, field, rule)
