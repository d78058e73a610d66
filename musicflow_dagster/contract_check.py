"""The contract check: which rows of the lake break their event's contract, and how.

All hours of a load are judged together, a bounded number of rows at a time; a breach is named
by Kafka position, field and rule, never by value.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import duckdb
import polars as pl
from pandera.errors import SchemaErrors
from pandera.polars import DataFrameSchema

from contracts.events import Event, lake_fields
from contracts.to_pandera import pandera_schema
from musicflow_dagster.hours import aware

ROWS_AT_A_TIME = 500_000
SAMPLE = 20
"""Breaches that are told per hour; all are counted."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A row that broke a rule of its contract."""

    kafka_topic: str | None
    kafka_partition: int | None
    kafka_offset: int | None
    field: str
    rule: str


def breaches_by_hour(rows: duckdb.DuckDBPyRelation, event: Event) -> dict[datetime, list[Breach]]:
    """The breaches of `rows`, by the hour of the file that holds the row.

    `rows` has the lake's columns and `hour_of_file`, naive UTC.
    """
    schema = pandera_schema(event)
    found: dict[datetime, list[Breach]] = {}
    for frame in _frames(rows):
        for hour, breach in _breaches(frame, schema, event):
            found.setdefault(hour, []).append(breach)
    return found


def _frames(rows: duckdb.DuckDBPyRelation) -> Iterator[pl.DataFrame]:
    for batch in rows.to_arrow_reader(ROWS_AT_A_TIME):
        yield pl.DataFrame(pl.from_arrow(batch))


def _breaches(
    frame: pl.DataFrame, schema: DataFrameSchema, event: Event
) -> Iterator[tuple[datetime, Breach]]:
    columns = [field.name for field in lake_fields(event)]
    try:
        schema.validate(frame.select(columns), lazy=True)
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
    position = first.select("hour_of_file", "kafka_topic", "kafka_partition", "kafka_offset")
    for hour, topic, partition, offset in position.iter_rows():
        yield aware(hour), Breach(topic, partition, offset, field, rule)
