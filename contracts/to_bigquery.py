"""The contract as BigQuery's raw tables: columns as its API describes them."""

from typing import TypedDict

from contracts.events import Event, Field, FieldType, lake_fields

BIGQUERY_TYPES: dict[FieldType, str] = {
    "text": "STRING",
    "integer": "INTEGER",
    "number": "FLOAT",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP",
}
"""As the API names them, whatever they were called when the table was made."""
PARTITION_COLUMN = "occurred_at"
"""Raw tables have a partition for each hour of it, and no query goes without a filter on it."""
CLUSTER_COLUMNS = ("user_id", "session_id")
"""What a partition is sorted by: who looks for one listener reads little."""


class Column(TypedDict):
    """A column, as BigQuery's API has it."""

    name: str
    type: str
    mode: str
    description: str


def bigquery_columns(event: Event) -> list[Column]:
    """Columns of the raw table of `event`, in order."""
    return [_column(each) for each in lake_fields(event)]


def _column(field: Field) -> Column:
    return {
        "name": field.name,
        "type": BIGQUERY_TYPES[field.type],
        "mode": "NULLABLE" if field.nullable else "REQUIRED",
        "description": field.description,
    }
