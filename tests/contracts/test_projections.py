"""One contract, many targets: no projection may drift from another."""

from datetime import UTC, datetime

import duckdb
import pandera.errors
import polars as pl
import pyarrow as pa
import pytest

from contracts.events import EVENTS, LISTEN_EVENTS, lake_fields
from contracts.to_arrow import accepted_schema
from contracts.to_dbt import sources_yaml
from contracts.to_pandera import POLARS_TYPES, pandera_schema
from contracts.to_spark import accepted_struct
from contracts.to_sql import create_raw_table

each_event = pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.name)

LISTEN = {
    "event_id": "a", "occurred_at": datetime(2026, 1, 1, tzinfo=UTC), "session_id": 1,
    "item_in_session": 0, "level": "paid", "auth": "Logged In", "city": "Lima", "state": "OH",
    "zip": "45801", "latitude": 40.7, "longitude": -84.1, "user_agent": "Mozilla", "user_id": 7,
    "first_name": None, "last_name": None, "gender": None, "registered_at": None, "tag": None,
    "artist": "Fiona", "song": "Everything", "duration_seconds": 200.0, "song_id": None,
    "unknown_fields": None, "kafka_topic": "listen_events", "kafka_partition": 0,
    "kafka_offset": 0, "landed_at": datetime(2026, 1, 1, tzinfo=UTC),
}  # fmt: skip


def listens(**changed: object) -> pl.DataFrame:
    types = {field.name: POLARS_TYPES[field.type] for field in lake_fields(LISTEN_EVENTS)}
    return pl.DataFrame([{**LISTEN, **changed}], schema=types)


@each_event
def test_spark_and_arrow_have_the_same_columns_and_nulls(event):
    spark = [(field.name, field.nullable) for field in accepted_struct(event)]
    arrow = [(field.name, field.nullable) for field in accepted_schema(event)]

    assert spark == arrow


@each_event
def test_the_raw_table_has_the_lakes_columns_in_their_order(event):
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        connection.execute(create_raw_table(event, "duckdb"))
        columns = [row[0] for row in connection.execute(f"describe raw.{event.name}").fetchall()]

    assert columns == accepted_schema(event).names == list(pandera_schema(event).columns)


@each_event
def test_an_arrow_table_of_the_lake_becomes_the_frame_that_pandera_expects(event):
    empty = pl.DataFrame(pl.from_arrow(accepted_schema(event).empty_table()))

    pandera_schema(event).validate(empty)


@each_event
def test_bigquery_gets_a_table_too(event):
    statement = create_raw_table(event, "bigquery", schema="musicflow_raw")

    assert statement.startswith(f"create table if not exists musicflow_raw.{event.name} (")
    assert "occurred_at timestamp not null" in statement


def test_a_good_row_keeps_the_contract():
    pandera_schema(LISTEN_EVENTS).validate(listens())


@pytest.mark.parametrize(
    ("changed", "column"),
    [
        pytest.param({"level": "gold"}, "level", id="a value outside the list"),
        pytest.param({"item_in_session": -1}, "item_in_session", id="a number below its bound"),
        pytest.param({"latitude": 91.0}, "latitude", id="a number above its bound"),
        pytest.param({"session_id": None}, "session_id", id="a missing required value"),
    ],
)
def test_pandera_names_the_column_that_breaks_the_contract(changed, column):
    with pytest.raises(pandera.errors.SchemaErrors) as breach:
        pandera_schema(LISTEN_EVENTS).validate(listens(**changed), lazy=True)

    assert breach.value.failure_cases["column"].unique().to_list() == [column]


def test_personal_columns_are_marked_in_dbts_sources():
    assert sources_yaml().count("personal: true") == sum(
        field.personal for event in EVENTS for field in lake_fields(event)
    )


def test_timestamps_are_utc_in_the_lake():
    assert accepted_schema(LISTEN_EVENTS).field("occurred_at").type == pa.timestamp("us", "UTC")
