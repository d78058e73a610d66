"""A batch file's events into Postgres: from the lake's parts, or on their own."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import ConfigurationError
from contracts.events import MUSIC_EVENTS, Event
from contracts.manifests import Manifest
from contracts.postgres import PostgresUrl, unavailable
from contracts.store import Store
from contracts.suppression import SuppressionList
from streaming.serving.load import Loaded, LoadedBatch, is_on_record, load_rows
from streaming.serving.migrate import ready_connection
from streaming.suppress import without_forgotten

SLICE_ROWS = 100_000
"""Rows that are loaded at once: other writers wait meanwhile."""
SLICES_OF_A_PART = 10_000
"""More than a part has; so that each slice has a number of its own."""


@dataclass(slots=True)
class Served:
    """What Postgres got of a file."""

    inserted: int = 0
    duplicates: int = 0
    """Events whose id stood already."""

    def add(self, loaded: Loaded) -> None:
        """Count a batch, unless it had been loaded before."""
        if loaded.was_loaded:
            return
        self.inserted += loaded.inserted
        self.duplicates += loaded.duplicates


def check_served(event: Event) -> None:
    """Only one event has a table there.

    Raises:
        ConfigurationError: It is another.
    """
    if event.name != MUSIC_EVENTS.name:
        raise ConfigurationError(
            f"Postgres takes {MUSIC_EVENTS.name} only: land {event.name} with --to lake"
        )


class Server:
    """Loads parts of one file."""

    def __init__(
        self,
        url: PostgresUrl,
        connection: psycopg.Connection,
        content: str,
        forgotten: SuppressionList,
    ) -> None:
        """Load into `connection`, which is to `url`, but nobody who is on the list."""
        self.served = Served()
        self._url = url
        self._connection = connection
        self._content = content
        self._forgotten = forgotten

    def has(self, part: int) -> bool:
        """Whether the beginning of a part is on record in this database.

        Raises:
            UnavailableError: The server did not say.
        """
        try:
            return is_on_record(self._connection, self._content, part * SLICES_OF_A_PART)
        except psycopg.Error as error:
            raise unavailable(self._url, error) from error

    def load(self, part: int, tables: Iterable[pa.Table], rejected: int) -> None:
        """Load the rows of a part, slice by slice; those on record are not loaded again.

        Raises:
            UnavailableError: The server did not do it.
        """
        try:
            for number, rows in enumerate(_slices(tables)):
                suppressions = self._forgotten.read()
                batch = LoadedBatch(
                    self._content,
                    part * SLICES_OF_A_PART + number,
                    rejected=0 if number else rejected,
                    suppressions=suppressions.number,
                )
                kept = [without_forgotten(rows, suppressions)]
                loaded = load_rows(self._connection, batch, kept, forgotten=self._forgotten)
                self.served.add(loaded)
        except psycopg.Error as error:
            raise unavailable(self._url, error) from error

    def load_manifest(self, store: Store, manifest: Manifest) -> None:
        """Load the rows that a part has in the lake.

        Raises:
            LakeError: A file of it is gone.
            UnavailableError: The server did not do it.
        """
        self.load(manifest.batch, _rows_of(store, manifest), manifest.rejected)


@contextmanager
def serving(url: PostgresUrl, content: str, forgotten: SuppressionList) -> Iterator[Server]:
    """Loads parts of the file with this content, into tables that are made if they are missing.

    Raises:
        UnavailableError: The server is away.
    """
    with ready_connection(url) as connection:
        connection.autocommit = True  # each slice is a transaction of its own
        yield Server(url, connection, content, forgotten)


def _rows_of(store: Store, manifest: Manifest) -> Iterator[pa.Table]:
    for each in manifest.files:
        with store.open(each.path) as file:
            yield pq.read_table(file)


def _slices(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, so many at a time."""
    waiting: list[pa.Table] = []
    rows = 0
    for table in tables:
        waiting.append(table)
        rows += table.num_rows
        while rows >= SLICE_ROWS:
            together = pa.concat_tables(waiting)
            yield together.slice(0, SLICE_ROWS)
            waiting, rows = [together.slice(SLICE_ROWS)], rows - SLICE_ROWS
    if rows:
        yield pa.concat_tables(waiting)
