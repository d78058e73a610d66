"""The lake's files as DuckDB looks into them, wherever the lake stands."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

import duckdb

from contracts.events import Event
from contracts.store import Store
from musicflow_dagster.hours import aware, naive
from musicflow_dagster.lake_index import LandedFile
from musicflow_dagster.landed import Landed
from musicflow_dagster.raw_sql import EMPTY_DUPLICATES

UNREADABLE = (
    duckdb.BinderException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.SerializationException,
)
"""What DuckDB raises for a file that is damaged, cut short or of other columns."""


@dataclass(frozen=True, slots=True)
class LakeFiles:
    """The files of what has `landed`, as they are seen through `connection`."""

    connection: duckdb.DuckDBPyConnection
    landed: Landed

    @property
    def event(self) -> Event:
        """The event whose files they are."""
        return self.landed.event

    def stage(self, hours: Sequence[datetime], files: Sequence[LandedFile]) -> None:
        """Tell DuckDB the hours and files at hand, as small temporary tables."""
        run = self.connection.execute
        run("create or replace temp table loading_hours (hour timestamp)")
        run("create or replace temp table loading_files (filename text, hour timestamp, last bool)")
        run(EMPTY_DUPLICATES)
        run("insert into loading_hours select unnest($1)", [[naive(hour) for hour in hours]])
        if files:
            run(
                "insert into loading_files select unnest($1), unnest($2), unnest($3)",
                [
                    self.landed.urls(files),
                    [naive(file.hour) for file in files],
                    [file.kind == "files" for file in files],
                ],
            )

    def per_hour(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> dict[datetime, int]:
        """The answer to a question for numbers by hour."""
        rows = self.connection.execute(sql, parameters).fetchall()
        return {aware(hour): int(count) for hour, count in rows}


def reach(connection: duckdb.DuckDBPyConnection, store: Store) -> None:
    """Let `connection` read what `store` names: a bucket it reaches through the store's client."""
    filesystem = store.filesystem
    if filesystem is None:
        return
    protocol = filesystem.protocol
    name = protocol if isinstance(protocol, str) else protocol[0]
    if not connection.filesystem_is_registered(name):
        connection.register_filesystem(filesystem)


@contextmanager
def onlooker(store: Store) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB that holds nothing and reads what `store` names."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set preserve_insertion_order = false")
        reach(connection, store)
        yield connection
