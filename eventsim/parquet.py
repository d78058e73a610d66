"""Parquet files, one a topic: the rows of the NDJSON files, in the same order, as columns."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.store import disk_error
from eventsim.arrays import parsed
from eventsim.columns import Columns
from eventsim.faults import Extra, Outgoing
from eventsim.files import Compression
from eventsim.messages import Messages
from eventsim.randomness import Integers

CHUNK = 65_536
"""Requests made columns of at once."""
ROW_GROUP_ROWS = 196_608
"""Rows kept until they are written: each row group has its dictionaries again."""
DICTIONARY_BYTES = 16 * 1024 * 1024
"""More than any column's distinct values take, so that all its pages are numbers of them."""
RISING = ("ts", "sessionId", "session_id")
UNIQUE = (*RISING, "event_id")
"""Columns with hardly a value twice, for which a dictionary would be a waste."""
WHEN = "ts"
"""The one column whose least and greatest value in a row group spare readers anything."""


class TopicTable:
    """One topic's file, of which nothing is seen before it is whole."""

    def __init__(self, path: Path, like: pa.Table, compression: Compression) -> None:
        """Begin the file, with the columns of `like`; one that stands there goes.

        Raises:
            OSError: It cannot be written.
        """
        self.like = like
        self._path = path
        self._unfinished = path.with_name(f".{path.name}.unfinished")
        path.unlink(missing_ok=True)
        names = like.schema.names
        self._writer = pq.ParquetWriter(
            self._unfinished,
            like.schema,
            compression=compression,
            use_dictionary=[name for name in names if name not in UNIQUE],  # type: ignore[arg-type]  # stubs know no list
            column_encoding={name: "DELTA_BINARY_PACKED" for name in names if name in RISING},
            dictionary_pagesize_limit=DICTIONARY_BYTES,
            write_statistics=[WHEN],
            # Without it, readers see plain texts where we have dictionaries.
            store_schema=False,
        )
        self._waiting: list[pa.Table] = []
        self._rows = 0

    def write(self, rows: pa.Table) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        self._waiting.append(rows)
        self._rows += len(rows)
        if self._rows >= ROW_GROUP_ROWS:
            self._write_group()

    def close(self) -> None:
        """Finish the file, and give it its name.

        Raises:
            OSError: Something of it could not be written.
        """
        if self._rows:
            self._write_group()
        self._writer.close()
        self._unfinished.replace(self._path)

    def _write_group(self) -> None:
        table = pa.concat_tables(self._waiting)
        self._writer.write_table(table, row_group_size=self._rows)
        self._waiting, self._rows = [], 0


class ParquetSink:
    """Parquet files, `<folder>/<topic>.parquet`."""

    def __init__(
        self, folder: Path, none: Iterable[Messages], columns: Columns, compression: Compression
    ) -> None:
        """Begin a file for each topic, of which `none` has no messages.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        self._folder = folder
        self._columns = columns
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._tables = {
                each.topic: TopicTable(
                    folder / f"{each.topic}.parquet", columns.of(each), compression
                )
                for each in none
            }
        except OSError as error:
            raise disk_error(error, folder) from error

    @property
    def refused(self) -> Mapping[str, int]:
        """None: a file takes any message."""
        return {}

    def write(self, outgoing: Outgoing) -> None:
        """Append a chunk.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        if not len(outgoing.messages):
            return
        rows = self._columns.of(outgoing.messages)
        if outgoing.extras or outgoing.held:
            rows = _as_sent(rows, outgoing)
        self._append(outgoing.messages.topic, rows)

    def write_extras(self, topic: str, extras: list[Extra]) -> None:
        """Append messages.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        self._append(topic, _columns_of(extras, self._tables[topic].like))

    def flush(self) -> None:
        """Nothing can be safe before the file is finished."""

    def close(self) -> None:
        """Finish the files.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for table in self._tables.values():
                table.close()
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def _append(self, topic: str, rows: pa.Table) -> None:
        try:
            self._tables[topic].write(rows)
        except OSError as error:
            raise disk_error(error, self._folder) from error


def _as_sent(rows: pa.Table, outgoing: Outgoing) -> pa.Table:
    """A chunk's rows but those held back, with the extra messages among them."""
    order: list[Integers] = []
    extras: list[Extra] = []
    for begin, end, extra in outgoing.parts():
        order.append(np.arange(begin, end))
        if extra is not None:
            order.append(np.array([len(rows) + len(extras)]))
            extras.append(extra)
    both = pa.concat_tables([rows, _columns_of(extras, rows)])
    return both.take(pa.array(np.concatenate(order)))


def _columns_of(extras: list[Extra], like: pa.Table) -> pa.Table:
    return parsed([extra.payload for extra in extras], like)
