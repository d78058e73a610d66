"""CSV files, one a topic: a header with the fields' names, then the rows of the NDJSON files.

A field that a message does not have is an empty cell.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.csv as arrow_csv

from eventsim.columns import Columns
from eventsim.files import SUFFIXES, Compression
from eventsim.messages import Messages
from eventsim.tables import TableSink


class CsvTable:
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
        self._file = self._unfinished.open("wb")
        self._packed = (
            None if compression == "none" else pa.CompressedOutputStream(self._file, compression)
        )
        stream = cast("BinaryIO", self._packed or self._file)
        self._writer = arrow_csv.CSVWriter(stream, _plain(like).schema)

    def write(self, rows: pa.Table) -> None:
        """Append.

        Raises:
            OSError: The disk is full or has gone.
        """
        self._writer.write_table(_plain(rows))

    def close(self) -> None:
        """Finish the file, and give it its name.

        Raises:
            OSError: Something of it could not be written.
        """
        self._writer.close()
        if self._packed is not None:
            self._packed.close()
        self._file.close()
        self._unfinished.replace(self._path)


class CsvSink(TableSink):
    """CSV files, `<folder>/<topic>.csv`, packed ones with their suffix behind."""

    def __init__(
        self, folder: Path, none: Iterable[Messages], columns: Columns, compression: Compression
    ) -> None:
        """Begin a file for each topic, of which `none` has no messages.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        packed = "" if compression == "none" else SUFFIXES[compression]
        begin = partial(CsvTable, compression=compression)
        super().__init__(folder, none, columns, f".csv{packed}", begin)


def _plain(rows: pa.Table) -> pa.Table:
    """The rows with each text where it stands, instead of its number."""
    fields = [
        pa.field(each.name, each.type.value_type)
        if isinstance(each.type, pa.DictionaryType)
        else each
        for each in rows.schema
    ]
    return rows.cast(pa.schema(fields))
