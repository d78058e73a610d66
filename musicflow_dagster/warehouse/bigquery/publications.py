"""What is published of a BigQuery warehouse: its tables, where they stand."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from contracts.events import EVENTS
from contracts.lake import hour_key
from musicflow_dagster.counted import Account, Counts, Finding, Place
from musicflow_dagster.hours import HourRange
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.facts import FACTS
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.protocol import Recount

EVER = HourRange(datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""All hours that an event can have: raw is not read without bounds."""


@dataclass(frozen=True, slots=True)
class LastPublish:
    """Which publish of which warehouse readers see."""

    warehouse: str
    number: int


@dataclass(frozen=True, slots=True)
class BigQueryPublications:
    """The warehouse that `jobs` reach, as readers see it; `lock` is that of its writers here."""

    jobs: Jobs
    lock: Path

    @property
    def place(self) -> str:
        """Project, datasets and location."""
        return str(self.jobs.place)

    def standing(self) -> LastPublish | None:
        """The last publish; None before the first, or where there is no warehouse."""
        rows = self.jobs.rows_if_any(
            f"select w.id, p.number from {self._table('warehouse')} as w "
            f"cross join (select max(number) as number from {self._table('publications')}) as p "
            "where p.number is not null order by w.id limit 1",
            "standing",
        )
        return LastPublish(*rows[0]) if rows else None

    def built_hours(self, since: datetime | None = None) -> dict[str, dict[datetime, str]]:
        """Per event, the hours (`since` one) that models were built for; from which manifests."""
        built: dict[str, dict[datetime, str]] = {}
        for (event, hour), manifests in self._built(HourRange(since or EVER.start, EVER.end)):
            built.setdefault(event, {})[hour] = manifests
        return built

    def built(self, hours: HourRange | None) -> dict[Place, str]:
        """The same for `hours`, by event and hour."""
        return dict(self._built(hours or EVER))

    def accounts(self, hours: HourRange | None) -> dict[Place, Account]:
        """The accounts of the loads."""
        within = hours or EVER
        rows = self.jobs.rows_if_any(
            "select event, hour, manifests, accepted, replayed, from_files, raw_rows, duplicates, "
            f"conflicting_duplicates, erased from {self._table('raw_hours')} "
            "where hour >= @start and hour < @end",
            "accounts",
            start=within.start,
            end=within.end,
        )
        return {(event, hour): Account(*numbers) for event, hour, *numbers in rows}

    def last_loads(self) -> dict[str, datetime]:
        """Per event, when its newest load was."""
        return dict(
            self.jobs.rows_if_any(
                f"select event, max(loaded_at) from {self._table('raw_hours')} group by event",
                "last-loads",
            )
        )

    def fact_rows(self, hours: HourRange | None) -> tuple[Counts, list[Finding]]:
        """Rows of each fact by hour."""
        counted: Counts = {}
        for fact in FACTS:
            table = self.jobs.place.sql("marts", fact.name)
            for hour, rows in _rows_by_hour(self.jobs, table, fact.time_column, hours):
                counted[fact.name, hour] = rows
        return counted, []

    @contextmanager
    def recount(self, patience_seconds: float) -> Iterator[Recount]:
        """Raw's rows; runs of this machine wait until the end.

        Raises:
            UnavailableError: A run wrote all the time.
        """
        right = WriterLock(self.lock, patience_seconds)
        right.acquire()
        try:
            yield BigQueryRecount(self.jobs)
        finally:
            right.release()

    def _built(self, hours: HourRange) -> Iterator[tuple[Place, str]]:
        rows = self.jobs.rows_if_any(
            f"select event, hour, manifests from {self._table('built_hours')} "
            "where hour >= @start and hour < @end",
            "built-hours",
            start=hours.start,
            end=hours.end,
        )
        for event, hour, manifests in rows:
            yield (event, hour), manifests

    def _table(self, name: str) -> str:
        return self.jobs.place.sql("reconciliation", name)


@dataclass(frozen=True, slots=True)
class BigQueryRecount:
    """The rows that really stand in raw."""

    jobs: Jobs

    def raw_rows(self, hours: HourRange | None) -> Counts:
        """Rows of each raw table by hour."""
        return {
            (event.name, hour): rows
            for event in EVENTS
            for hour, rows in _rows_by_hour(
                self.jobs, self.jobs.place.sql("raw", event.name), "occurred_at", hours
            )
        }

    def copies(self, hours: HourRange | None) -> list[Finding]:
        """Hours of raw in which identities stand more than once."""
        within = hours or EVER
        return [
            Finding(event.name, hour_key(hour), f"{copies} rows of raw are copies of another")
            for event in EVENTS
            for hour, copies in self.jobs.rows_if_any(
                _COPIES.format(table=self.jobs.place.sql("raw", event.name)),
                "recount-copies",
                start=within.start,
                end=within.end,
            )
        ]


def _rows_by_hour(
    jobs: Jobs, table: str, time_column: str, hours: HourRange | None
) -> list[tuple[datetime, int]]:
    within = hours or EVER
    rows = jobs.rows_if_any(
        f"select timestamp_trunc({time_column}, hour), count(*) from {table} "
        f"where {time_column} >= @start and {time_column} < @end group by 1",
        "recount",
        start=within.start,
        end=within.end,
    )
    return [(hour, int(count)) for hour, count in rows]


_COPIES = """
select an_hour, sum(copies - 1)
from (
  select timestamp_trunc(occurred_at, hour) as an_hour, count(*) as copies
  from {table}
  where occurred_at >= @start and occurred_at < @end
  group by event_id, occurred_at, an_hour
  having count(*) > 1)
group by an_hour order by an_hour
"""
