"""What really stands: files of the lake, rows of the warehouse, rows of published facts.

Each number is counted where the rows are, never taken from what was noted about them.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import UnavailableError
from contracts.events import EVENTS
from contracts.lake import hour_key
from musicflow_dagster.hours import HourRange, aware, naive
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.publication import Publication, rows_in
from musicflow_dagster.warehouse.facts import FACTS, Fact

READERS = 16
"""Files whose footers are read at a time; it is mostly waiting where the lake is a bucket."""

Counts = dict[tuple[str, datetime], int]
"""Rows by event (or fact) and hour."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A discrepancy: of which event, where (an hour, if it has one), and the numbers."""

    event: str
    where: str
    what: str


def lake_findings(index: LakeIndex, hours: HourRange | None) -> Iterator[Finding]:
    """Files, of accepted rows and of rejects, that don't stand as their manifests say."""
    files = index.query(_FILES, _keys(hours))
    urls = [index.store.url(path) for *_, path, _ in files]
    with ThreadPoolExecutor(READERS) as pool:
        for (event, hour, path, rows), held in zip(files, pool.map(_rows_of, urls), strict=True):
            if held != rows:
                stands = f"holds {held} rows" if isinstance(held, int) else held
                yield Finding(event, hour, f"{path} {stands}, its manifest says {rows} rows")


def raw_rows(connection: duckdb.DuckDBPyConnection, hours: HourRange | None) -> Counts:
    """Rows of each raw table by hour.

    Raises:
        UnavailableError: The warehouse cannot be read.
    """
    counted: Counts = {}
    for event in EVENTS:
        query, bounds = _by_hour(f"raw.{event.name}", "occurred_at", hours)
        for hour, rows in _read(connection, query, bounds):
            counted[event.name, aware(hour)] = rows
    return counted


def copies_in_raw(connection: duckdb.DuckDBPyConnection, hours: HourRange | None) -> list[Finding]:
    """Hours of raw in which identities stand more than once.

    Raises:
        UnavailableError: The warehouse cannot be read.
    """
    within, bounds = _within("occurred_at", hours)
    return [
        Finding(event.name, hour_key(hour), f"{copies} rows of raw are copies of another")
        for event in EVENTS
        for hour, copies in _read(
            connection, _COPIES.format(event=event.name, within=within), bounds
        )
    ]


def fact_rows(
    snapshot: Path, publication: Publication | None, hours: HourRange | None
) -> tuple[Counts, list[Finding]]:
    """Rows of each published fact by hour, and the files of facts that cannot be read."""
    counted: Counts = {}
    findings: list[Finding] = []
    for fact in FACTS:
        readable, unreadable = _published_files(snapshot, publication, fact, hours)
        findings += unreadable
        if readable:
            query, parameters = _by_hour("read_parquet($files)", fact.time_column, hours)
            for hour, rows in rows_in(readable, query, **parameters):
                counted[fact.name, aware(hour)] = rows
    return counted, findings


def _published_files(
    snapshot: Path, publication: Publication | None, fact: Fact, hours: HourRange | None
) -> tuple[list[str], list[Finding]]:
    table = publication.tables.get(f"marts.{fact.name}") if publication else None
    days = {f"{day:%Y-%m-%d}" for day in hours.days()} if hours else set()
    readable, unreadable = [], []
    for file in table.files if table else ():
        if file.day and days and file.day not in days:
            continue
        held = _rows_of(path := str(snapshot / file.path))
        if isinstance(held, int):
            readable.append(path)
        else:
            what = f"{file.path} of the snapshot {held}, {file.rows} rows were published"
            unreadable.append(Finding(fact.event.name, file.day or fact.name, what))
    return readable, unreadable


def _rows_of(url: str) -> int | str:
    """Rows of a Parquet file by its footer, or what is wrong with it."""
    try:
        return int(pq.read_metadata(url).num_rows)
    except FileNotFoundError:
        return "is gone"
    except (OSError, pa.ArrowException) as error:
        return f"cannot be read ({type(error).__name__})"


def _read(
    connection: duckdb.DuckDBPyConnection, query: str, bounds: dict[str, datetime]
) -> list[tuple]:
    try:
        return connection.execute(query, bounds).fetchall()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise UnavailableError(f"the warehouse cannot be read: {reason}") from error


def _by_hour(
    table: str, time_column: str, hours: HourRange | None
) -> tuple[str, dict[str, datetime]]:
    """The question for rows by hour, and its parameters."""
    within, bounds = _within(time_column, hours)
    return (
        f"select date_trunc('hour', {time_column}), count(*) from {table} "
        f"where {time_column} is not null and {within} group by all"
    ), bounds


def _within(time_column: str, hours: HourRange | None) -> tuple[str, dict[str, datetime]]:
    """The condition for being in `hours`, and its parameters."""
    if hours is None:
        return "true", {}
    bounds = {"start": naive(hours.start), "end": naive(hours.end)}
    return f"{time_column} >= $start and {time_column} < $end", bounds


def _keys(hours: HourRange | None) -> Iterable[str]:
    """The first hour's name and the name to stop before."""
    return (hour_key(hours.start), hour_key(hours.end)) if hours else ("", "9")


_COPIES = """
select date_trunc('hour', occurred_at), sum(copies - 1)
from (
  select event_id, occurred_at, count(*) as copies from raw.{event} where {within}
  group by all having count(*) > 1)
group by all order by 1
"""
_FILES = """
select event, hour, path, rows from files where hour >= ?1 and hour < ?2
union all
select event, hour, path, rows from rejects where hour >= ?1 and hour < ?2
order by 1, 2, 3
"""
