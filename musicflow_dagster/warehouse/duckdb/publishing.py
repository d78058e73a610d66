"""Publishing: the tables that leave the warehouse, as Parquet files behind an atomic pointer.

Only what changed is written, under new names; then the database of views and the pointer are
replaced. A reader therefore sees one publish or the next, never a mixture, and nothing of the
live warehouse. The files of the last two publishes stand; what only older ones used is removed.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from contracts.logs import log
from contracts.publication import (
    POINTER,
    VIEWS,
    Publication,
    PublishedFile,
    PublishedTable,
    current,
    encode,
    read_publication,
)
from musicflow_dagster.hours import HourRange, aware, naive, ranges_of
from musicflow_dagster.warehouse.published import Published, guard

PENDING = "pending"
KEPT = 2


class Publisher:
    """Publishes the warehouse behind `connection` to the folder `snapshot`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, snapshot: Path) -> None:
        """Continue the publishes of `snapshot`, if there are any."""
        self.connection = connection
        self.snapshot = snapshot
        self.warehouse = _warehouse_id(connection)
        before = current(snapshot)
        self.number = before.number + 1 if before else 1
        self.before = before if before and before.warehouse == self.warehouse else None

    def publish(self, tables: Sequence[Published], *ranges: HourRange) -> Publication:
        """Publish what a build of the hours of `ranges` can have changed of `tables`.

        So are hours that were built before, and whose own publish failed.

        Raises:
            ConfigurationError: A table may not leave the warehouse; nothing was published.
        """
        for table in tables:
            guard(table, (name for name, _ in self._columns(table)))
        self._begin()
        reached = [*ranges, *ranges_of(self._unpublished())]
        publication = Publication(
            self.number,
            self.warehouse,
            datetime.now(UTC),
            {table.name: self._table(table, reached) for table in tables},
        )
        self._point_to(publication)
        self.connection.execute("delete from reconciliation.unpublished_hours")
        self._remove_old()
        written = sum(path.endswith(self._suffix) for path in publication.paths())
        log.info("snapshot published", number=self.number, tables=len(tables), files=written)
        return publication

    def _unpublished(self) -> list[datetime]:
        """Hours that were built since the last publish that succeeded."""
        hours = self.connection.execute("from reconciliation.unpublished_hours").fetchall()
        return [aware(hour) for (hour,) in hours]

    def _begin(self) -> None:
        """Mark the publish, and clear what one that was killed left under the same number."""
        (self.snapshot / "publishes").mkdir(parents=True, exist_ok=True)
        pending = self.snapshot / PENDING
        if pending.exists():
            for file in self.snapshot.glob(f"files/**/*{self._suffix}"):
                file.unlink()
        pending.touch()

    def _table(self, table: Published, ranges: Sequence[HourRange]) -> PublishedTable:
        columns = self._columns(table)
        before = self.before.tables.get(table.name) if self.before else None
        if before and before.columns != columns:
            before = None
        if table.by == "view":
            return PublishedTable(columns, (), view=self._definition(table))
        if table.by == "whole":
            return self._whole(table, columns, before)
        contents = self._contents(table) if table.changes_any_day else {}
        if before and table.changes_any_day:
            days = _changed_days(contents, before)
        else:
            days = list(self._days(table, ranges, before))
        written = [self._write(table, day, contents.get(f"{day:%Y-%m-%d}", "")) for day in days]
        fresh = [file for file in written if file.rows]
        changed = {f"{day:%Y-%m-%d}" for day in days}
        kept = [file for file in before.files if file.day not in changed] if before else []
        files = sorted([*kept, *fresh], key=lambda file: file.day or "")
        # A file without rows tells readers the columns of a table that has none.
        dated = [file for file in files if file.day]
        return PublishedTable(columns, tuple(dated or [self._write(table, None)]))

    def _whole(
        self,
        table: Published,
        columns: tuple[tuple[str, str], ...],
        before: PublishedTable | None,
    ) -> PublishedTable:
        content = self._content(table)
        if before and before.content == content:
            return before
        return PublishedTable(columns, (self._write(table, None),), content)

    def _days(
        self, table: Published, ranges: Sequence[HourRange], before: PublishedTable | None
    ) -> Iterator[datetime]:
        """The days to write: those in reach of `ranges`, or all where nothing stands yet."""
        if before:
            yield from sorted({day for each in ranges for day in table.days(each)})
            return
        days = self.connection.execute(
            f"select distinct date_trunc('day', {table.time_column})::timestamp "
            f"from {table.name} where {table.time_column} is not null order by 1"
        ).fetchall()
        yield from (day.replace(tzinfo=UTC) for (day,) in days)

    def _write(self, table: Published, day: datetime | None, content: str = "") -> PublishedFile:
        """Write the table, or a day of it, to a new file."""
        name = f"{day:%Y-%m-%d}" if day else "all"
        path = f"files/{table.schema}/{table.table}/{name}{self._suffix}"
        target = self.snapshot / path
        target.parent.mkdir(parents=True, exist_ok=True)
        rows = self.connection.execute(
            f"copy (from {table.name} {_of_day(table, day)}) to '{_quoted(target)}' "
            "(format parquet, compression zstd)"
        ).fetchall()[0][0]
        if day and not rows:
            target.unlink()
        return PublishedFile(path, int(rows), name if day else None, content)

    def _columns(self, table: Published) -> tuple[tuple[str, str], ...]:
        described = self.connection.execute(f"describe {table.name}").fetchall()
        return tuple((name, kind) for name, kind, *_ in described)

    def _definition(self, view: Published) -> str:
        """The statement that makes the view; it names schemas, and no database."""
        found = self.connection.execute(
            "select sql from duckdb_views() where schema_name = $1 and view_name = $2",
            [view.schema, view.table],
        ).fetchall()
        return str(found[0][0])

    def _content(self, table: Published) -> str:
        """What stands for a table's rows, in whatever order they are."""
        return self._hashed(table, "'all'").get("all", "empty")

    def _contents(self, table: Published) -> dict[str, str]:
        """The same for each day of it."""
        return self._hashed(table, f"strftime({table.time_column}, '%Y-%m-%d')")

    def _hashed(self, table: Published, part: str) -> dict[str, str]:
        parts = self.connection.execute(
            f"select {part}, count(*), bit_xor(hash(each_row)), sum(hash(each_row)) "
            f"from {table.name} as each_row group by 1"
        ).fetchall()
        return {name: "-".join(str(number) for number in numbers) for name, *numbers in parts}

    def _point_to(self, publication: Publication) -> None:
        """Let readers see the new files."""
        record = encode(publication)
        (self.snapshot / "publishes" / f"{self.number}.json").write_bytes(record)
        _write_views(self.snapshot, publication)
        temporary = self.snapshot / f".{POINTER}"
        temporary.write_bytes(record)
        temporary.replace(self.snapshot / POINTER)
        (self.snapshot / PENDING).unlink()

    def _remove_old(self) -> None:
        """Remove the publishes before the last two, and the files that only they used."""
        records = sorted(
            (self.snapshot / "publishes").glob("*.json"), key=lambda path: int(path.stem)
        )
        kept = set(_all_paths(records[-KEPT:]))
        for record in records[:-KEPT]:
            for path in set(_all_paths([record])) - kept:
                (self.snapshot / path).unlink(missing_ok=True)
            record.unlink()

    @property
    def _suffix(self) -> str:
        return f"-{self.number}.parquet"


def keep_current_only(snapshot: Path) -> int:
    """Remove all files but those of the newest publish, at once; how many they were.

    Whoever reads an older one at this moment has to ask again.
    """
    publication = current(snapshot)
    if publication is None:
        return 0
    kept = {snapshot / path for path in publication.paths()}
    kept.add(snapshot / "publishes" / f"{publication.number}.json")
    stand = [*snapshot.glob("files/**/*.parquet"), *snapshot.glob("publishes/*.json")]
    removed = [path for path in stand if path not in kept]
    for path in removed:
        path.unlink(missing_ok=True)
    return len(removed)


def _write_views(snapshot: Path, publication: Publication) -> None:
    """Replace the small database whose views read the publication's files."""
    temporary = snapshot / f".{VIEWS}"
    temporary.unlink(missing_ok=True)
    with duckdb.connect(temporary) as connection:
        # First those of files: the others read them.
        for name, table in sorted(publication.tables.items(), key=lambda item: bool(item[1].view)):
            files = ", ".join(f"'{_quoted(snapshot / file.path)}'" for file in table.files)
            connection.execute(f"create schema if not exists {name.partition('.')[0]}")
            connection.execute(table.view or f"create view {name} as from read_parquet([{files}])")
    temporary.replace(snapshot / VIEWS)


def _warehouse_id(connection: duckdb.DuckDBPyConnection) -> str:
    return str(connection.execute("from reconciliation.warehouse").fetchall()[0][0])


def _changed_days(contents: dict[str, str], before: PublishedTable) -> list[datetime]:
    """The days whose rows are others than those that were published."""
    published = {file.day: file.content for file in before.files if file.day}
    names = sorted(contents.keys() | published.keys())
    changed = [name for name in names if contents.get(name) != published.get(name)]
    return [datetime.strptime(name, "%Y-%m-%d").replace(tzinfo=UTC) for name in changed]


def _of_day(table: Published, day: datetime | None) -> str:
    if table.by == "whole":
        return ""
    if day is None:
        return "where false"
    start, end = naive(day), naive(day + timedelta(days=1))
    column = table.time_column
    return f"where {column} >= timestamp '{start}' and {column} < timestamp '{end}'"


def _all_paths(records: Iterable[Path]) -> Iterator[str]:
    for record in records:
        publication = read_publication(record)
        if publication:
            yield from publication.paths()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
