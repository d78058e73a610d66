"""What `musicflow forget` does to a BigQuery warehouse, and how its loads keep forgotten users out.

Ids and pseudonyms go into tables that expire, by load jobs: the statements of a project and their
parameters can be read in its history for months.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

import io
import json
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from contracts.errors import MusicFlowError
from contracts.events import EVENTS, Event
from contracts.suppression import Suppressions
from musicflow_dagster.counted import Counts
from musicflow_dagster.raw_sql import names_users
from musicflow_dagster.warehouse.bigquery.errors import told
from musicflow_dagster.warehouse.bigquery.jobs import RETRY, Jobs

LOADING = "_loading_"
"""What the names of tables begin with that are soon gone."""
EXPIRES_AFTER = timedelta(days=1)
BEGINNING = "timestamp '1900-01-01'"
"""Before all events: raw is not read without bounds."""


@contextmanager
def values_apart(jobs: Jobs, column: str, kind: str, values: Collection[object]) -> Iterator[str]:
    """A table of one column that holds `values`, as a statement names it; soon it is gone.

    Raises:
        MusicFlowError: It could not be made.
    """
    name = f"{LOADING}apart_{uuid.uuid4().hex}"
    fields = [SchemaField(column, kind, mode="REQUIRED")]
    table = bigquery.Table(jobs.place.table("raw", name), schema=fields)
    table.expires = datetime.now(UTC) + EXPIRES_AFTER
    lines = "\n".join(json.dumps({column: value}) for value in values).encode()
    with told(jobs.place, "making a table of whom to leave out"):
        jobs.client.create_table(table, retry=RETRY)
    try:
        with told(jobs.place, "filling a table of whom to leave out"):
            jobs.client.load_table_from_file(
                io.BytesIO(lines),
                table.reference,
                num_retries=3,
                job_id_prefix=f"{jobs.origin}-apart-",
                job_config=bigquery.LoadJobConfig(
                    source_format="NEWLINE_DELIMITED_JSON",
                    write_disposition="WRITE_TRUNCATE",
                    schema=fields,
                ),
            ).result(retry=RETRY)
        yield jobs.place.sql("raw", name)
    finally:
        with suppress(MusicFlowError), told(jobs.place, "dropping a table of whom to leave out"):
            jobs.client.delete_table(table, retry=RETRY, not_found_ok=True)


def purge(jobs: Jobs, suppressed: Suppressions) -> Counts:
    """Delete what raw has of forgotten users, and account for it; rows by event and hour.

    The rows go last, so that what is cut short is found again by them.
    """
    if not suppressed:
        return {}
    purged: Counts = {}
    for event in filter(names_users, EVENTS):
        purged |= _purge(jobs, event, suppressed)
    return purged


def _purge(jobs: Jobs, event: Event, suppressed: Suppressions) -> Counts:
    raw = jobs.place.sql("raw", event.name)
    everywhere = f"occurred_at >= {BEGINNING}"
    users = jobs.rows_if_any(
        f"select distinct user_id from {raw} where {everywhere} and user_id is not null",
        f"{event.name} users",
    )
    found = sorted(suppressed.among(user for (user,) in users))
    if not found:
        return {}
    with values_apart(jobs, "user_id", "INTEGER", found) as leaving:
        theirs = f"user_id in (select user_id from {leaving})"
        rows = jobs.rows(
            "select timestamp_trunc(occurred_at, hour) as an_hour, count(*), "
            f"countif({theirs}) from {raw} where {everywhere} group by an_hour",
            f"{event.name} of whom to leave out",
        )
        hours = {hour: (int(held), int(going)) for hour, held, going in rows if going}
        _unbuilt(jobs, list(hours))
        _account(jobs, event, {hour: held - going for hour, (held, going) in hours.items()})
        jobs.run(f"delete from {raw} where {everywhere} and {theirs}", f"{event.name} purge")
    return {(event.name, hour): going for hour, (_, going) in hours.items()}


def _unbuilt(jobs: Jobs, hours: list[datetime]) -> None:
    """The hours count as not built from here on."""
    built = jobs.place.sql("reconciliation", "built_hours")
    jobs.run(f"delete from {built} where hour in unnest(@hours)", "purge built", hours=hours)


def _account(jobs: Jobs, event: Event, left: Mapping[datetime, int]) -> None:
    """Let the accounts say what is `left` in raw, by hour; twice is as once."""
    jobs.run(
        f"""
        merge {jobs.place.sql("reconciliation", "raw_hours")} as t
        using (select a.hour, a.raw_rows from unnest(@accounts) as a) as s
        on t.event = @event and t.hour = s.hour
        when matched then update set
          erased = t.erased + t.raw_rows - s.raw_rows, raw_rows = s.raw_rows
        """,
        "purge account",
        event=event.name,
        accounts=[{"hour": hour, "raw_rows": rows} for hour, rows in left.items()],
    )


def unbuilt_hours(jobs: Jobs) -> list[datetime]:
    """Hours whose models do not show what raw holds."""
    rows = jobs.rows_if_any(
        f"""
        select distinct loaded.hour
        from {jobs.place.sql("reconciliation", "raw_hours")} as loaded
        left join {jobs.place.sql("reconciliation", "built_hours")} as built
          on built.event = loaded.event and built.hour = loaded.hour
        where built.manifests is null or built.manifests <> loaded.manifests
        """,
        "hours not built",
    )
    return sorted(hour for (hour,) in rows)


def rows_of_user(
    jobs: Jobs, tables: Collection[tuple[str, str]], user_key: str
) -> Mapping[str, int]:
    """Rows of `tables` (schema and name) that have this pseudonym, of those that have any."""
    if not tables:
        return {}
    with values_apart(jobs, "user_key", "STRING", [user_key]) as leaving:
        counts = " union all ".join(
            f"select '{schema}.{name}', count(*) from {jobs.place.sql(schema, name)} "
            f"where user_key in (select user_key from {leaving})"
            for schema, name in sorted(tables)
        )
        rows = jobs.rows(counts, "rows of whom to leave out")
    return {table: int(count) for table, count in rows if count}
