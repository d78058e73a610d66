"""The statements of a raw load in BigQuery: count what was staged, then replace hours by it."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from contracts.events import Event
from musicflow_dagster.raw_sql import columns, content_columns

STAGED = """
staged as (
  select
    *,
    timestamp_add(timestamp(date), interval `hour` hour) as hour_of_file,
    timestamp_trunc(occurred_at, hour) as hour_of_row,
    batch in unnest(@file_batches) as is_from_file
  from {staging}
)"""
"""Rows with the hour whose folder they lay in, which is that of the row unless a file lies."""

COPIES = """(
    partition by event_id, occurred_at
    order by is_from_file, kafka_topic, kafka_partition, kafka_offset, batch
  )"""
"""Copies of one row, the one to keep first."""


def count_hours(event: Event, staging: str) -> str:
    """Per hour of @hours: rows that raw will have, copies, and copies of other content."""
    content = ", ".join(content_columns(event))
    return f"""
with {STAGED.format(staging=staging)},
placed as (
  select
    hour_of_file,
    hour_of_row,
    to_json_string(struct({content})) as content,
    first_value(to_json_string(struct({content}))) over {COPIES} as first_content,
    row_number() over {COPIES} as place
  from staged
  where hour_of_file in unnest(@hours)
),
counted as (
  select hour_of_row as an_hour, 1 as raw_row, 0 as duplicate, 0 as conflicting
  from placed
  where place = 1
  union all
  select hour_of_file, 0, 1, if(content <> first_content, 1, 0) from placed where place > 1
)
select an_hour, sum(raw_row), sum(duplicate), sum(conflicting) from counted group by an_hour
"""


def distinct_users(staging: str) -> str:
    """The users that staged rows are of."""
    return f"select distinct user_id from {staging} where user_id is not null"


def count_left_out(staging: str, leaving: str) -> str:
    """Staged rows of the users of `leaving`, by the hour of their file."""
    return f"""
select timestamp_add(timestamp(date), interval `hour` hour) as hour_of_file, count(*)
from {staging}
where user_id in (select user_id from {leaving})
group by hour_of_file
"""


def leave_out(staging: str, leaving: str) -> str:
    """Delete the staged rows of the users of `leaving`."""
    return f"delete from {staging} where user_id in (select user_id from {leaving})"


def replace_hours(event: Event, raw: str, staging: str) -> str:
    """Replace @hours of the raw table, which lie from @start to before @end, by what is staged."""
    names = columns(event)
    return f"""
merge {raw} as t
using (
  with {STAGED.format(staging=staging)}
  select {names}
  from staged
  where hour_of_file in unnest(@hours) and hour_of_row in unnest(@hours)
  qualify row_number() over {COPIES} = 1
) as s
on false
when not matched by source
  and t.occurred_at >= @start and t.occurred_at < @end
  and timestamp_trunc(t.occurred_at, hour) in unnest(@hours)
  then delete
when not matched then insert ({names}) values ({names})
"""


def replace_accounts(raw_hours: str) -> str:
    """Replace the accounts of @hours of @event by @accounts."""
    return f"""
merge {raw_hours} as t
using (
  select
    @event as event, a.hour, a.accepted, a.replayed, a.from_files, a.raw_rows, a.duplicates,
    a.conflicting_duplicates, a.erased, a.manifests, current_timestamp() as loaded_at
  from unnest(@accounts) as a
) as s
on false
when not matched by source and t.event = @event and t.hour in unnest(@hours) then delete
when not matched then insert (
  event, hour, accepted, replayed, from_files, raw_rows, duplicates, conflicting_duplicates,
  erased, manifests, loaded_at)
  values (
    event, hour, accepted, replayed, from_files, raw_rows, duplicates, conflicting_duplicates,
    erased, manifests, loaded_at)
"""
