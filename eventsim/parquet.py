"""Parquet files, one a topic: the rows of the NDJSON files, in the same order, as columns."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from eventsim.columns import Columns
from eventsim.files import Compression
from eventsim.messages import Messages
from eventsim.tables import TableSink

ROW_GROUP_ROWS = 196_608
"""Rows kept until they are written: each row group has its dictionaries again."""
DICTIONARY_BYTES = 16 * 1024 * 1024
"""More than any column's distinct values take, so that all its pages are numbers of them."""
RISING = ("ts", "sessionId", "session_id")
UNIQUE = (*RISING, "event_id")
"""Columns with hardly a value twice, for which a dictionary would be a waste."""
WHEN = "ts"
"""The one column whose least and greatest value in a row group spare readers anything."""


class ParquetTable:
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


class ParquetSink(TableSink):
    """Parquet files, `<folder>/<topic>.parquet`."""

    def __init__(
        self, folder: Path, none: Iterable[Messages], columns: Columns, compression: Compression
    ) -> None:
        """Begin a file for each topic, of which `none` has no messages.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        begin = partial(ParquetTable, compression=compression)
        super().__init__(folder, none, columns, ".parquet", begin)
