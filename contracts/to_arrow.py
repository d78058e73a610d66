"""The contract as Arrow schemas: the columns of the lake's Parquet files."""

import pyarrow as pa

from contracts.events import Event, Field, FieldType, lake_fields

ARROW_TYPES: dict[FieldType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

REJECTED_FIELDS: list[pa.Field] = [
    pa.field("kafka_topic", pa.string(), nullable=False),
    pa.field("kafka_partition", pa.int64(), nullable=False),
    pa.field("kafka_offset", pa.int64(), nullable=False),
    pa.field("payload", pa.binary(), nullable=True),
    pa.field("reasons", pa.list_(pa.string()), nullable=False),
    pa.field("judged_at", ARROW_TYPES["timestamp"], nullable=False),
    pa.field("contract_version", pa.int64(), nullable=False),
]
REJECTED_SCHEMA = pa.schema(REJECTED_FIELDS)
"""Columns of a reject: where it was, the bytes as received, and why (see `reasons.py`)."""


def accepted_schema(event: Event) -> pa.Schema:
    """Columns of an accepted row of `event`."""
    return pa.schema([_arrow_field(each) for each in lake_fields(event)])


def _arrow_field(field: Field) -> pa.Field:
    return pa.field(field.name, ARROW_TYPES[field.type], nullable=field.nullable)
