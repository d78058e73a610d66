"""What readers still see of a user: rows with the pseudonym in the files of the snapshot.

The warehouse may be right already while they are not: a build notes its hours as built, and then
publishes, which can fail.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from contracts.publication import current
from musicflow_dagster.hours import aware
from musicflow_dagster.warehouse.duckdb.published_rows import rows_of
from musicflow_dagster.warehouse.facts import FACTS

OF_USER = "user_key = $user_key"


def published_tables(snapshot: Path, user_key: str) -> list[str]:
    """The tables of the newest publication that have rows of this pseudonym.

    Raises:
        LakeError: The snapshot is damaged.
    """
    return [
        table
        for table in _tables_with_pseudonyms(snapshot)
        if rows_of(snapshot, table, "true", f"{OF_USER} limit 1", user_key=user_key)
    ]


def published_hours(snapshot: Path, user_key: str) -> list[datetime]:
    """The hours of which the newest publication has facts of this pseudonym.

    Raises:
        LakeError: The snapshot is damaged.
    """
    tables = set(_tables_with_pseudonyms(snapshot))
    hours: set[datetime] = set()
    for fact in FACTS:
        if (table := f"marts.{fact.name}") in tables:
            hour = f"distinct date_trunc('hour', {fact.time_column})"
            hours.update(
                aware(at) for (at,) in rows_of(snapshot, table, hour, OF_USER, user_key=user_key)
            )
    return sorted(hours)


def _tables_with_pseudonyms(snapshot: Path) -> Iterator[str]:
    publication = current(snapshot)
    for name, table in sorted(publication.tables.items()) if publication else ():
        # A view has no files: what it shows is in those of other tables.
        if table.files and "user_key" in dict(table.columns):
            yield name
