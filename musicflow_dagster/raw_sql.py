"""The statements of a raw load: read files, find copies, name columns."""

from contracts.events import Event, Field, lake_fields
from contracts.to_sql import SQL_TYPES

READ = """
(select * from read_parquet($files, filename = true,
  file_row_number = true, union_by_name = true, hive_partitioning = false)
 union all by name select {no_values} where false)
join loading_files using (filename)
"""

LEFT_OUT = "(select * from {read} anti join suppressed_users using (user_id))"
"""Rows without those of forgotten users; rows of nobody stay."""

COUNT_LEFT_OUT = """
select hour, count(*) from {read} semi join suppressed_users using (user_id) group by hour
"""

EMPTY_DUPLICATES = """
create or replace temp table repeated (event_id varchar, occurred_at timestamptz);
create or replace temp table duplicates (
  filename varchar, file_row_number bigint, hour timestamp, is_conflicting bool)
"""

FIND_DUPLICATES = """
insert into duplicates
with copies as (
  select
    filename, file_row_number, hour, event_id, occurred_at,
    hash({content}) as content,
    row_number() over copies_of_one as place,
    first_value(hash({content})) over copies_of_one as first_content
  from {read} semi join repeated using (event_id, occurred_at)
  window copies_of_one as (
    partition by event_id, occurred_at
    order by last, kafka_topic, kafka_partition, kafka_offset, filename, file_row_number)
)
select filename, file_row_number, hour, content <> first_content from copies where place > 1
"""

NEVER_NULL = """
select name from parquet_schema($files)
group by name having count(*) = len($files) and bool_and(repetition_type = 'REQUIRED')
"""
"""Columns that every file has and declares to be never null: a reader need not look."""

ROWS_OF_FILES = """
select file_name, num_rows from parquet_file_metadata($files)
"""
"""As their footers say."""


def read(event: Event) -> str:
    """The rows of `$files`; a column that files of an older contract lack is null in them."""
    types = SQL_TYPES["duckdb"] | {"timestamp": "timestamptz"}
    # Only of what may be null: a file without a required column must not be read.
    nulls = [f"null::{types[each.type]} as {each.name}" for each in _nullable(event)]
    return READ.format(no_values=", ".join(nulls))


def _nullable(event: Event) -> list[Field]:
    return [each for each in lake_fields(event) if each.nullable]


def columns(event: Event) -> str:
    """The columns of the lake and of raw, in order."""
    return ", ".join(each.name for each in lake_fields(event))


def columns_in_utc(event: Event) -> str:
    """The columns as raw stores them: times in UTC, without saying so."""
    return ", ".join(
        f"{in_utc(each.name)} as {each.name}" if each.type == "timestamp" else each.name
        for each in lake_fields(event)
    )


def in_utc(column: str) -> str:
    """A time as raw stores it; `timezone('UTC', ...)` says the same, but asks a calendar."""
    return f"make_timestamp(epoch_us({column}))"


def names_users(event: Event) -> bool:
    """Whether rows of the event say whose they are."""
    return any(each.name == "user_id" for each in event.fields)


def content_columns(event: Event) -> list[str]:
    """What copies must share: all that the producer sent, not where it was read."""
    return [*(each.name for each in event.fields if each.name != "event_id"), "unknown_fields"]
