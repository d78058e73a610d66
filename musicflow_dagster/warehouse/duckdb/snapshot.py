"""What was published of a DuckDB warehouse: its snapshot, which people read while it is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from contracts.publication import BUILT_HOURS, Publication, current
from musicflow_dagster.counted import Account, Counts, Finding, Place
from musicflow_dagster.hours import HourRange, aware, is_within
from musicflow_dagster.warehouse.duckdb.connection import read_warehouse
from musicflow_dagster.warehouse.duckdb.published_rows import built_hours, rows_of
from musicflow_dagster.warehouse.duckdb.recount import DuckDBRecount, NoRecount, fact_rows
from musicflow_dagster.warehouse.protocol import Recount

ACCOUNTS = "reconciliation.raw_hours"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The publications in the folder `snapshot`, taken from the file `warehouse`."""

    snapshot: Path
    warehouse: Path

    @property
    def place(self) -> str:
        """The folder."""
        return f"snapshot {self.snapshot}"

    def standing(self) -> Publication | None:
        """The newest publication, while the warehouse stands that it is of."""
        return current(self.snapshot) if self.warehouse.exists() else None

    def built_hours(self, since: datetime | None = None) -> dict[str, dict[datetime, str]]:
        """Per event, the hours that the published tables were built for; from what."""
        return built_hours(self.snapshot, self.warehouse, since)

    def built(self, hours: HourRange | None) -> dict[Place, str]:
        """The same by event and hour, whether or not the warehouse stands."""
        return {
            (event, aware(hour)): manifests
            for event, hour, manifests in rows_of(
                self.snapshot, BUILT_HOURS, "event, hour, manifests"
            )
            if is_within(aware(hour), hours)
        }

    def accounts(self, hours: HourRange | None) -> dict[Place, Account]:
        """The accounts of the loads, as published."""
        columns = (
            "event, hour, manifests, accepted, replayed, from_files, raw_rows, duplicates, "
            "conflicting_duplicates, erased"
        )
        return {
            (event, aware(hour)): Account(*numbers)
            for event, hour, *numbers in rows_of(self.snapshot, ACCOUNTS, columns)
            if is_within(aware(hour), hours)
        }

    def last_loads(self) -> dict[str, datetime]:
        """Per event, when its newest load was that is published."""
        rows = rows_of(self.snapshot, ACCOUNTS, "event, max(loaded_at)", "true group by 1")
        return {event: aware(at) for event, at in rows}

    def fact_rows(self, hours: HourRange | None) -> tuple[Counts, list[Finding]]:
        """Rows of each published fact by hour, and the files of facts that cannot be read."""
        return fact_rows(self.snapshot, current(self.snapshot), hours)

    @contextmanager
    def recount(self, patience_seconds: float) -> Iterator[Recount]:
        """Raw's rows in the warehouse's file.

        Raises:
            UnavailableError: A run wrote all the time, or the file cannot be read.
        """
        if not self.warehouse.exists():
            yield NoRecount()
            return
        with read_warehouse(self.warehouse, patience_seconds) as connection:
            yield DuckDBRecount(connection)
