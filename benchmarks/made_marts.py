"""Published marts made for benchmarks: files and pointer as a publish leaves them, without dbt.

Of a year with 100 M streams only what the dashboard's pages read. The days of a week differ and
weeks are alike, but for the listeners; the listens themselves are there of the last days only,
because no page reads more of them.
"""

import shutil
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.made_marts_sql import BY_DAY, PATTERNS, WHOLE
from contracts.publication import (
    POINTER,
    Publication,
    PublishedFile,
    PublishedTable,
    current,
    encode,
)

DAY = timedelta(days=1)
KEPT = 2
MEMORY = "2GB"


@dataclass(frozen=True, slots=True)
class MartSizes:
    """How much of everything."""

    streams: int = 100_000_000
    days: int = 365
    listens_days: int = 60
    """Of so many last days the listens themselves are published."""
    listeners: int = 1_000_000
    listeners_a_day: int = 40_000
    songs: int = 100_000
    artists: int = 20_000
    states: int = 50
    last: date = date(2026, 6, 30)

    @property
    def first(self) -> date:
        """The first day."""
        return self.last - (self.days - 1) * DAY

    def parameters(self) -> dict[str, int]:
        """What the statements are filled in with."""
        return {
            "streams_a_day": self.streams // self.days,
            "listeners_a_day": self.listeners_a_day,
            "groups": max(1, self.listeners // self.listeners_a_day),
            "songs": self.songs,
            "artists": self.artists,
            "states": self.states,
            "places": 40 * self.states,
        }


QUICK = MartSizes(streams=300_000, days=30, listens_days=30, listeners=10_000, listeners_a_day=1000)


@dataclass
class MadeMarts:
    """A snapshot in `root`, of one publication; `publish_again` makes the next."""

    root: Path
    sizes: MartSizes = MartSizes()
    number: int = 1
    tables: dict[str, PublishedTable] = field(default_factory=dict)

    def open_or_publish(self) -> None:
        """Go on from what stands in `root`, if anything does; else make all tables."""
        before = current(self.root)
        if before is None:
            self.publish()
        else:
            self.number, self.tables = before.number, dict(before.tables)

    def publish(self) -> None:
        """Make all tables."""
        with duckdb.connect(config={"memory_limit": MEMORY, "threads": 2}) as connection:
            connection.execute("set preserve_insertion_order = false")
            for statement in PATTERNS:
                connection.execute(statement.format(**self.sizes.parameters()))
            for name in BY_DAY:
                self.tables[name] = self._by_day(connection, name)
            for name, query in WHOLE.items():
                self.tables[name] = self._whole(connection, name, query)
        self._point()

    def publish_again(self, days: int = 3) -> None:
        """The same once more, with new files for the last `days` and for what is whole."""
        self.number += 1
        changed = {f"{self.sizes.last - number * DAY}" for number in range(days)}
        self.tables = {
            name: PublishedTable(
                table.columns,
                tuple(
                    self._renewed(file) if file.day is None or file.day in changed else file
                    for file in table.files
                ),
            )
            for name, table in self.tables.items()
        }
        self._point()
        self._remove_old()

    def _by_day(self, connection: duckdb.DuckDBPyConnection, name: str) -> PublishedTable:
        wanted = self.sizes.listens_days if name == "marts.fct_streams" else self.sizes.days
        days = [self.sizes.last - number * DAY for number in reversed(range(wanted))]
        files = [self._write(connection, name, BY_DAY[name], day) for day in days]
        return PublishedTable(self._columns(connection, files[0]), tuple(files))

    def _whole(
        self, connection: duckdb.DuckDBPyConnection, name: str, query: str
    ) -> PublishedTable:
        file = self._write(connection, name, query, None)
        return PublishedTable(self._columns(connection, file), (file,))

    def _write(
        self, connection: duckdb.DuckDBPyConnection, name: str, query: str, day: date | None
    ) -> PublishedFile:
        path = f"files/{name.replace('.', '/')}/{day or 'all'}-{self.number}.parquet"
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        moments = {
            "day": day or self.sizes.last,
            "first": self.sizes.first,
            "last": self.sizes.last,
        }
        filled = query.format(**self.sizes.parameters(), **moments)
        target = f"'{self.root / path}' (format parquet, compression zstd)"
        [(rows,)] = connection.execute(f"copy ({filled}) to {target}").fetchall()
        return PublishedFile(path, rows, f"{day}" if day else None)

    def _columns(
        self, connection: duckdb.DuckDBPyConnection, file: PublishedFile
    ) -> tuple[tuple[str, str], ...]:
        described = connection.execute(f"describe from '{self.root / file.path}'").fetchall()
        return tuple((name, kind) for name, kind, *_ in described)

    def _renewed(self, file: PublishedFile) -> PublishedFile:
        path = file.path.rpartition("-")[0] + f"-{self.number}.parquet"
        shutil.copyfile(self.root / file.path, self.root / path)
        return PublishedFile(path, file.rows, file.day)

    def _point(self) -> None:
        record = encode(Publication(self.number, "made", datetime.now(UTC), self.tables))
        temporary = self.root / f".{POINTER}"
        temporary.write_bytes(record)
        temporary.replace(self.root / POINTER)

    def _remove_old(self) -> None:
        """Files that only publications before the last two used, as a publish does."""
        used = {file.path for table in self.tables.values() for file in table.files}
        for file in self.root.glob("files/**/*.parquet"):
            number = int(file.stem.rpartition("-")[2])
            if number <= self.number - KEPT and f"{file.relative_to(self.root)}" not in used:
                file.unlink()
