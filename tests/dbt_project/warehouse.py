"""A small warehouse to run the dbt project on: raw tables from rows, then dbt, then a look."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import duckdb
import pyarrow as pa
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult

from contracts.events import EVENTS, EVENTS_BY_NAME
from contracts.to_arrow import accepted_schema
from contracts.to_sql import create_raw_table
from musicflow_dagster.warehouse.duckdb.songs import prepare_songs
from tests.builders import Row, row

PROJECT = Path(__file__).parents[2] / "dbt_project"
FIRST_HOUR = datetime(2026, 1, 1, 22, tzinfo=UTC)
"""Two hours before midnight, so that a few hours touch two days."""
PSEUDONYM_KEY = "the key that only these tests know"
LANDED: Row = {
    "kafka_topic": "test",
    "kafka_partition": 0,
    "landed_at": datetime(2026, 2, 1, tzinfo=UTC),
}


def hour(number: int) -> datetime:
    """Start of the `number`th hour of the tests' time."""
    return FIRST_HOUR + timedelta(hours=number)


def happened(event_name: str, at: datetime, event_id: str = "", **changes: object) -> Row:
    """An event of a listener at a moment."""
    return row(EVENTS_BY_NAME[event_name], at, event_id or f"{event_name}-{at}", **changes)


@dataclass
class Warehouse:
    """One DuckDB file, and the dbt project run on it."""

    path: Path
    target: Path
    """Shared by all tests of a session, so that dbt parses the project once."""
    messages: list[str] = field(default_factory=list)
    """What dbt said, at its most talkative."""
    loaded: int = 0

    def create(self, key: str | None = PSEUDONYM_KEY) -> None:
        """An empty warehouse, as the orchestrator leaves it before the first run of dbt."""
        self.path.parent.mkdir(exist_ok=True)
        self.path.unlink(missing_ok=True)
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("create schema raw; create schema staging")
            for event in EVENTS:
                connection.execute(create_raw_table(event, "duckdb"))
            connection.execute("create table staging.pseudonym_key (key varchar)")
            prepare_songs(connection)
            if key is not None:
                connection.execute("insert into staging.pseudonym_key values (?)", [key])

    def fill(self, raw: Mapping[str, Iterable[Row]]) -> None:
        """Add rows to all raw tables."""
        for name, rows in raw.items():
            self.load(name, rows)

    def load(self, event_name: str, rows: Iterable[Row]) -> None:
        """Add rows to a raw table."""
        schema = accepted_schema(EVENTS_BY_NAME[event_name])
        landed = pa.Table.from_pylist([self._landed(each) for each in rows], schema)
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.register("landed", landed)
            connection.execute(f"insert into raw.{event_name} by name from landed")

    def _landed(self, each: Row) -> Row:
        self.loaded += 1
        return LANDED | {"kafka_offset": self.loaded} | each

    def execute(self, statement: str) -> None:
        """Change the warehouse by hand."""
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(statement)

    def dbt(
        self, *arguments: str, start: datetime | None = None, end: datetime | None = None
    ) -> dbtRunnerResult:
        """Run a command of dbt for a window of hours, or for all that raw holds."""
        environment = {
            "MUSICFLOW_WAREHOUSE": str(self.path),
            "MUSICFLOW_WINDOW_START": f"{start:%Y-%m-%d %H:%M:%S}" if start else "",
            "MUSICFLOW_WINDOW_END": f"{end:%Y-%m-%d %H:%M:%S}" if end else "",
            "DBT_TARGET_PATH": str(self.target),
            "DBT_PROJECT_DIR": str(PROJECT),
            "DBT_PROFILES_DIR": str(PROJECT),
        }
        runner = dbtRunner(callbacks=[lambda event: self.messages.append(event.info.msg)])
        try:
            with patch.dict(os.environ, environment):
                return runner.invoke([*arguments, "--log-level-file", "none", "--quiet"])
        finally:
            DuckDBConnectionManager.close_all_connections()

    def run(self, first: int | None = None, end: int | None = None, *, select: str = "*") -> None:
        """Build the hours from `first` to before `end`, or all; it must succeed."""
        if first is None or end is None:
            return self.run_window(None, None, select)
        return self.run_window(hour(first), hour(end), select)

    def run_window(self, start: datetime | None, end: datetime | None, select: str = "*") -> None:
        """Build the hours from `start` to before `end`, or all; it must succeed."""
        options = ("--no-write-json", "--select", *select.split())
        result = self.dbt("run", *options, start=start, end=end)
        assert result.success, self.messages[-10:]

    def rows(self, query: str) -> list[tuple]:
        """What a query finds."""
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def tables(self, *schemas: str) -> dict[str, list[tuple]]:
        """All rows of all tables in these schemas, in one order."""
        listed = ", ".join(f"'{schema}'" for schema in schemas)
        found = self.rows(
            "select table_schema || '.' || table_name from information_schema.tables"
            f" where table_schema in ({listed}) and table_type = 'BASE TABLE'"
        )
        return {name: self.rows(f"select * from {name} order by all") for (name,) in found}
