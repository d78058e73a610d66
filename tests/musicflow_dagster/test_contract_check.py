"""The check reads few columns; it must find what pandera finds in all of them."""

from datetime import timedelta

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandera.errors import SchemaErrors

from contracts.events import EVENTS, LISTEN_EVENTS, Event, Field, lake_fields
from contracts.to_arrow import ARROW_TYPES
from contracts.to_pandera import pandera_schema
from musicflow_dagster.contract_check import breaches_by_hour
from musicflow_dagster.hours import naive
from tests.builders import FIRST_HOUR, row

ROWS = 6


def landed(event: Event, changes):
    """Rows as they stand in the lake; `changes` maps a row and a field to its value."""
    rows = [
        row(event, FIRST_HOUR + timedelta(seconds=number), f"event-{number}")
        | {
            "kafka_topic": event.name, "kafka_partition": 0, "kafka_offset": number,
            "landed_at": FIRST_HOUR, "unknown_fields": None,
        }
        for number in range(ROWS)
    ]  # fmt: skip
    for (number, name), value in changes.items():
        rows[number][name] = value
    # Without the contract's own "not null", so that any value can stand anywhere.
    schema = pa.schema([pa.field(each.name, ARROW_TYPES[each.type]) for each in lake_fields(event)])
    return pa.Table.from_pylist(rows, schema)


def found(table, event, never_null=()):
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.register("landed", table)
        hour = naive(FIRST_HOUR)
        rows = connection.sql("select *, $1::timestamp as hour_of_file from landed", params=[hour])
        by_hour = breaches_by_hour(rows, event, never_null)
    return sorted(
        (each.field, each.rule, each.kafka_offset) for each in by_hour.get(FIRST_HOUR, [])
    )


def found_by_pandera_in_all(table, event):
    try:
        pandera_schema(event).validate(pl.DataFrame(pl.from_arrow(table)), lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases.select("column", "check", "index").iter_rows()
        offsets = table["kafka_offset"].to_pylist()
        return sorted((field, rule, offsets[index]) for field, rule, index in cases)
    return []


def wrong_values(field: Field) -> list:
    """Values of the right type that the field may have or not."""
    values = [None]
    if field.type in ("integer", "number"):
        values += [each for each in (field.minimum, field.maximum) if each is not None]
        values += [each + by for each in values[1:] for by in (-1, 1)]
    if field.type == "integer":
        values = [value if value is None else int(value) for value in values]
    if field.type == "number":
        values.append(float("nan"))
    if field.type == "text":
        values += ["anything", *field.allowed]
    return values


@st.composite
def changed_rows(draw):
    event = draw(st.sampled_from(EVENTS))
    fields = [each for each in lake_fields(event) if not each.name.startswith("kafka_")]
    changes = {}
    for _ in range(draw(st.integers(0, 4))):
        field = draw(st.sampled_from(fields))
        where = (draw(st.integers(0, ROWS - 1)), field.name)
        changes[where] = draw(st.sampled_from(wrong_values(field)))
    return event, changes


@given(changed_rows())
@settings(max_examples=60, deadline=None)
def test_every_breach_that_pandera_sees_in_all_columns_is_found(case):
    event, changes = case
    table = landed(event, changes)

    assert found(table, event) == found_by_pandera_in_all(table, event)


def test_columns_that_cannot_be_null_need_no_look():
    required = [each.name for each in lake_fields(LISTEN_EVENTS) if not each.nullable]
    table = landed(LISTEN_EVENTS, {(2, "level"): "platinum"})

    [(field, _, offset)] = found(table, LISTEN_EVENTS, required)
    assert (field, offset) == ("level", 2)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("session_id", pa.string(), id="a text for a number"),
        pytest.param("user_id", pa.float64(), id="a fraction for a whole number"),
        pytest.param("tag", pa.int64(), id="a number for a free text"),
        pytest.param("occurred_at", pa.int64(), id="a number for a time"),
    ],
)
def test_a_column_of_another_type_is_a_breach_of_every_hour(name, kind):
    table = landed(LISTEN_EVENTS, {})
    where = table.schema.get_field_index(name)
    table = table.set_column(where, name, pa.array([7] * ROWS).cast(kind))

    assert (name, "dtype") in [
        (field, rule.partition("(")[0]) for field, rule, _ in found(table, LISTEN_EVENTS)
    ]
