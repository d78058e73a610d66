"""Rows of what was published, read from its files."""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb

from contracts.errors import LakeError
from contracts.publication import BUILT_HOURS, current
from musicflow_dagster.hours import aware, naive


def rows_of(
    snapshot: Path, table: str, columns: str, where: str = "true", **parameters: object
) -> list[tuple]:
    """`columns` of the rows of a published table; none if it was not published yet."""
    publication = current(snapshot)
    if publication is None or table not in publication.tables:
        return []
    files = [str(snapshot / file.path) for file in publication.tables[table].files]
    return rows_in(files, f"select {columns} from read_parquet($files) where {where}", **parameters)


def rows_in(files: Sequence[str], query: str, **parameters: object) -> list[tuple]:
    """Rows of a `query` to published `files`.

    Raises:
        LakeError: A file is gone or damaged.
    """
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        try:
            return connection.execute(query, {"files": list(files), **parameters}).fetchall()
        except duckdb.Error as error:
            raise LakeError(
                "the snapshot is damaged: remove its folder, and `musicflow build` makes it "
                f"again ({str(error).splitlines()[0]})"
            ) from error


def built_hours(
    snapshot: Path, warehouse: Path, since: datetime | None = None
) -> dict[str, dict[datetime, str]]:
    """Per event, the hours (`since` one) that the published tables were built for; from what.

    Without the warehouse nothing counts as built, so that a lost one is made again.
    """
    built: dict[str, dict[datetime, str]] = {}
    if warehouse.exists():
        where, first = ("hour >= $since", {"since": naive(since)}) if since else ("true", {})
        rows = rows_of(snapshot, BUILT_HOURS, "event, hour, manifests", where, **first)
        for event, hour, manifests in rows:
            built.setdefault(event, {})[aware(hour)] = manifests
    return built
