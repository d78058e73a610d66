"""The serving database: what stands in Postgres for dashboards and other readers.

`streaming` makes the tables (its migrations) and keeps them; readers trust what is said here.
At any moment the metrics equal a recount of `raw_events`.
"""

from dataclasses import dataclass
from typing import Literal

from contracts.events import MUSIC_EVENTS, OCCURRED_AT, Field, FieldType, lake_fields

SCHEMA_REVISION = "0001"
"""The newest migration that this version knows."""

SCHEMA_TABLE = "musicflow_schema"
"""Where the database says which it has seen: others keep tables by alembic's own name."""

ColumnType = FieldType | Literal["date"]

SQL_TYPES: dict[ColumnType, str] = {
    "text": "text",
    "integer": "bigint",
    "number": "double precision",
    "boolean": "boolean",
    "timestamp": "timestamp with time zone",
    "date": "date",
}
LONGEST_ID = 200
"""Characters of an event's id; a longer one is kept as `sha256:` and its hash."""
LONGEST_KEY = 100
"""Characters of an event's type and region; what is longer is cut."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a serving table."""

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    personal: bool = False
    """Tells who somebody is: no page shows it."""


@dataclass(frozen=True, slots=True)
class Table:
    """One serving table, in the schema that connections to the database use."""

    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()


def _raw_column(field: Field) -> Column:
    name = "ts" if field.name == OCCURRED_AT.name else field.name
    return Column(name, field.type, field.description, field.nullable, field.personal)


RAW_COLUMNS = tuple(
    _raw_column(each) for each in lake_fields(MUSIC_EVENTS) if each.name != "unknown_fields"
)
_EVENT_TYPE = Column("event_type", "text", "The action, such as play or skip.")
_REGION = Column("region", "text", "Region within the country, as the event names it.")
_ID = Column("id", "integer", "Number of the row, by which its users refer to it.")
_WINDOW_ID = Column("window_id", "integer", "The row of the metrics.")
_DAY = Column("day", "date", "Day of the events, UTC.")
_MINUTE = Column("window_start", "timestamp", "Start of the minute of the events, UTC.")
_EVENTS = Column("events", "integer", "Events of this kind, each counted once.")
_USERS = Column(
    "users", "integer",
    "Different listeners among them. They don't add up over types, regions or windows.",
)  # fmt: skip
_USER = Column("user_id", "integer", "Listener.", personal=True)

RAW_EVENTS = Table(
    "raw_events",
    "Actions of the player, each once. The first of an id stays; the metrics count these rows.",
    RAW_COLUMNS,
    ("event_id",),
)
STAGING_EVENTS = Table(
    "staging_events",
    "Rows on their way into raw_events; empty at rest.",
    (Column("run", "text", "The attempt of a batch that brought the row."), *RAW_COLUMNS),
)
DAILY_METRICS = Table(
    "daily_metrics",
    "Events and listeners by day, kind of action and region, always current.",
    (_ID, _DAY, _EVENT_TYPE, _REGION, _EVENTS, _USERS),
    ("day", "event_type", "region"),
)
MINUTE_METRICS = Table(
    "minute_metrics",
    "Events and listeners by minute, kind of action and region, always current.",
    (_ID, _MINUTE, _EVENT_TYPE, _REGION, _EVENTS, _USERS,
     Column("is_final", "boolean",
            "Whether the watermark has passed it. What comes later still counts.")),
    ("window_start", "event_type", "region"),
)  # fmt: skip
DAILY_USERS = Table(
    "daily_users",
    "Who is counted in daily_metrics: what keeps a listener from counting twice.",
    (_WINDOW_ID, _USER),
    ("window_id", "user_id"),
)
MINUTE_USERS = Table(
    "minute_users",
    "Who is counted in minute_metrics: what keeps a listener from counting twice.",
    (_WINDOW_ID, _USER),
    ("window_id", "user_id"),
)
SERVING_BATCHES = Table(
    "serving_batches",
    "The record of what was loaded. One row per batch.",
    (Column("writer", "text", "Id of the stream's checkpoint, or a hash of what was loaded."),
     Column("batch", "integer", "Number of the batch of that writer."),
     Column("kind", "text", "stream, or files."),
     Column("events", "integer", "Accepted events that it held."),
     Column("inserted", "integer", "Those that were new in raw_events."),
     Column("duplicates", "integer", "Those whose id stood already: events = inserted + these."),
     Column("rejected", "integer", "Messages that broke the contract; the lake keeps them."),
     Column("first_ts", "timestamp", "Time of its oldest new event, UTC.", nullable=True),
     Column("last_ts", "timestamp", "Time of its newest new event, UTC.", nullable=True),
     Column("committed_at", "timestamp", "When it was loaded, UTC.")),
    ("writer", "batch"),
)  # fmt: skip
SERVING_OFFSETS = Table(
    "serving_offsets",
    "How far the stream has been loaded. One row per Kafka partition.",
    (Column("topic", "text", "Kafka topic."),
     Column("partition", "integer", "Its partition."),
     Column("next_offset", "integer", "All before this offset is loaded."),
     Column("topic_id", "text", "Kafka's id of the topic, where it tells one.", nullable=True)),
    ("topic", "partition"),
)  # fmt: skip

TABLES = (RAW_EVENTS, DAILY_METRICS, MINUTE_METRICS, SERVING_BATCHES, SERVING_OFFSETS,
          STAGING_EVENTS, DAILY_USERS, MINUTE_USERS)  # fmt: skip
"""All tables, those for readers first."""
