"""What really stands in a DuckDB warehouse and its snapshot: rows of raw, rows of the facts."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO

import duckdb

from contracts.errors import UnavailableError
from contracts.events import EVENTS
from contracts.lake import hour_key
from contracts.publication import Publication
from musicflow_dagster.counted import Counts, Finding
from musicflow_dagster.hours import HourRange, aware, naive
from musicflow_dagster.recount import rows_by_footer
from musicflow_dagster.warehouse.duckdb.published_rows import rows_in
from musicflow_dagster.warehouse.facts import FACTS, Fact


class NoRecount:
    """The recount of a warehouse that was never made."""

    def raw_rows(self, hours: HourRange | None) -> Counts:  # noqa: ARG002  of the protocol
        """None."""
        return {}

    def copies(self, hours: HourRange | None) -> list[Finding]:  # noqa: ARG002  of the protocol
        """None."""
        return []


@dataclass(frozen=True, slots=True)
class DuckDBRecount:
    """The recount behind `connection`, which only reads."""

    connection: duckdb.DuckDBPyConnection

    def raw_rows(self, hours: HourRange | None) -> Counts:
        """Rows of each raw table by hour.

        Raises:
            UnavailableError: The warehouse cannot be read.
        """
        counted: Counts = {}
        for event in EVENTS:
            query, bounds = _by_hour(f"raw.{event.name}", "occurred_at", hours)
            for hour, rows in _read(self.connection, query, bounds):
                counted[event.name, aware(hour)] = rows
        return counted

    def copies(self, hours: HourRange | None) -> list[Finding]:
        """Hours of raw in which identities stand more than once.

        Raises:
            UnavailableError: The warehouse cannot be read.
        """
        within, bounds = _within("occurred_at", hours)
        return [
            Finding(event.name, hour_key(hour), f"{copies} rows of raw are copies of another")
            for event in EVENTS
            for hour, copies in _read(
                self.connection, _COPIES.format(event=event.name, within=within), bounds
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
        path = snapshot / file.path
        held = rows_by_footer(partial(_opened, path))
        if isinstance(held, int):
            readable.append(str(path))
        else:
            what = f"{file.path} of the snapshot {held}, {file.rows} rows were published"
            unreadable.append(Finding(fact.event.name, file.day or fact.name, what))
    return readable, unreadable


def _opened(path: Path) -> IO[bytes]:
    return path.open("rb")


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


_COPIES = """
select date_trunc('hour', occurred_at), sum(copies - 1)
from (
  select event_id, occurred_at, count(*) as copies from raw.{event} where {within}
  group by all having count(*) > 1)
group by all order by 1
"""
