"""Published tables as pages read them, of frames that a test makes."""

from datetime import UTC, datetime

import duckdb
import polars as pl

from dashboard.data.tables import Days, NotPublishedError, Published, Value

PUBLISHED = Published(1, datetime(2026, 1, 4, tzinfo=UTC), None, None)


class MemoryTables:
    """`Tables` on DuckDB in memory."""

    def __init__(self, frames: dict[str, pl.DataFrame]) -> None:
        self.frames = frames
        self.publication = PUBLISHED
        self.connection = duckdb.connect()
        self.connection.execute("set TimeZone = 'UTC'")
        for name, frame in frames.items():
            self.connection.register("frame", frame)
            self.connection.execute(f"create schema if not exists {name.partition('.')[0]}")
            self.connection.execute(f"create table {name} as from frame")

    def has(self, table: str) -> bool:
        return table in self.frames

    def rows(self, query: str, within: Days | None = None, /, **parameters: Value) -> pl.DataFrame:
        del within
        try:
            return self.connection.sql(query, params=parameters or None).pl()
        except duckdb.CatalogException as error:
            raise NotPublishedError(str(error)) from error
