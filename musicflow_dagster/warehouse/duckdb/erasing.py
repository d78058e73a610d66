"""What `musicflow forget` does to a DuckDB warehouse: rows go at once, their bytes with the file.

Raw is purged by the list of forgotten users, whether or not the lake still has the hours; the
models of these hours count as not built from then on. A file of DuckDB's keeps the bytes of deleted
rows until it needs the room: hence a new file, to which only what stands is copied.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from contracts.errors import UnavailableError
from contracts.events import EVENTS, Event
from contracts.logs import log
from contracts.store import disk_error
from contracts.suppression import Suppressions
from musicflow_dagster.counted import Counts
from musicflow_dagster.hours import aware
from musicflow_dagster.raw_sql import names_users
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse

NEW = ".new"
"""What the name of the new file ends with until it takes the place of the old one."""
_NOTE_ERASED = """
update reconciliation.raw_hours as account
set raw_rows = raw_rows - leaving.rows, erased = erased + leaving.rows
from leaving where account.event = $1 and account.hour = leaving.hour
"""
_NOTE_UNBUILT = """
delete from reconciliation.built_hours where hour in (select hour from leaving)
"""
_UNBUILT = """
select distinct hour from reconciliation.raw_hours as loaded
left join reconciliation.built_hours as built using (event, hour)
where built.manifests is distinct from loaded.manifests order by hour
"""


def purge(connection: duckdb.DuckDBPyConnection, suppressed: Suppressions) -> Counts:
    """Delete what raw has of forgotten users, and account for it; rows by event and hour."""
    if not suppressed:
        return {}
    purged: Counts = {}
    connection.execute("begin")
    try:
        for event in filter(names_users, EVENTS):
            purged |= _purge(connection, event, suppressed)
        connection.execute("commit")
    except BaseException:
        connection.execute("rollback")
        raise
    return purged


def _purge(connection: duckdb.DuckDBPyConnection, event: Event, suppressed: Suppressions) -> Counts:
    run, raw = connection.execute, f"raw.{event.name}"
    users = run(f"select distinct user_id from {raw} where user_id is not null").fetchall()
    found = sorted(suppressed.among(user for (user,) in users))
    if not found:
        return {}
    run("create or replace temp table leaving_users as select unnest($1) as user_id", [found])
    run(
        "create or replace temp table leaving as select date_trunc('hour', occurred_at) as hour, "
        f"count(*) as rows from {raw} where user_id in (from leaving_users) group by all"
    )
    run(f"delete from {raw} where user_id in (from leaving_users)")
    run(_NOTE_ERASED, [event.name])
    run(_NOTE_UNBUILT)
    rows = run("from leaving").fetchall()
    run("drop table leaving_users")
    run("drop table leaving")
    return {(event.name, aware(hour)): int(count) for hour, count in rows}


def unbuilt_hours(connection: duckdb.DuckDBPyConnection) -> list[datetime]:
    """Hours whose models do not show what raw holds."""
    return [aware(hour) for (hour,) in connection.execute(_UNBUILT).fetchall()]


def rows_of_user(connection: duckdb.DuckDBPyConnection, user_key: str) -> Mapping[str, int]:
    """Rows of the tables of the models that have this pseudonym, of those that have any."""
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_columns() "
        "join duckdb_tables() using (database_name, schema_name, table_name) "
        "where column_name = 'user_key' order by 1"
    ).fetchall()
    counts = {
        table: int(
            connection.execute(
                f"select count(*) from {table} where user_key = $1", [user_key]
            ).fetchall()[0][0]
        )
        for (table,) in tables
    }
    return {table: rows for table, rows in counts.items() if rows}


def rewrite(path: Path) -> tuple[int, int]:
    """Replace the file by one that holds what stands and no more; its sizes before and after.

    `path` may be a link to it. Only who has the right to write may do it. Killed in the middle,
    the old file stands.

    Raises:
        UnavailableError: There is no room for a second file, or the warehouse cannot be read.
    """
    file = path.resolve()
    fresh = file.with_name(f"{file.name}{NEW}")
    before = file.stat().st_size
    _clear(path, fresh)
    _check_room(fresh, before)
    try:
        # By the name that all use: what DuckDB keeps beside the file stands beside the link.
        with open_warehouse(path) as connection:
            [(name,)] = connection.execute("select current_database()").fetchall()
            # As it stands, so that times of a table still lie together.
            connection.execute("set preserve_insertion_order = true")
            connection.execute(f"attach '{str(fresh).replace(chr(39), chr(39) * 2)}' as fresh")
            shutil.copymode(file, fresh)  # while there is nothing in it yet
            connection.execute(f'copy from database "{name}" to fresh')
            connection.execute("detach fresh")
        _sync(fresh)
        fresh.replace(file)
        _sync(file.parent)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(f"the warehouse {path} cannot be written anew: {reason}") from error
    except OSError as error:
        raise disk_error(error, path) from error
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    after = file.stat().st_size
    log.info("warehouse file written anew", bytes_before=before, bytes_after=after)
    return before, after


def _clear(path: Path, fresh: Path) -> None:
    """Remove what a rewriting that was killed has left."""
    for left in (fresh, fresh.with_name(f"{fresh.name}.wal")):
        left.unlink(missing_ok=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)


def _check_room(fresh: Path, needed: int) -> None:
    """See whether there is room for a second file.

    Raises:
        UnavailableError: There is not.
    """
    free = shutil.disk_usage(fresh.parent).free
    if free < needed:
        raise UnavailableError(
            f"writing the warehouse anew takes {needed / 2**30:.1f} GiB beside the old file, and "
            f"{fresh.parent} has {free / 2**30:.1f} GiB left: make room, and run this again"
        )


def _sync(path: Path) -> None:
    """Wait until a file or a folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
