"""CSV files: a header or declared columns, then a record a row."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, cast

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv as arrow_csv

from contracts.errors import ConfigurationError, LakeError
from contracts.events import Event
from streaming.batch.cells import messages_of
from streaming.batch.columns import Column, Names
from streaming.batch.csv_split import UNREADABLE, Split, split
from streaming.batch.opening import LONGEST_LINE, blocks
from streaming.batch.records import Records, Slices

DELIMITERS = ",;\t|"
BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Layout:
    """How a CSV file is written."""

    delimiter: str
    columns: tuple[str, ...]


class CsvReader:
    """Reads the records of CSV files of one event."""

    def __init__(
        self, event: Event, longest: int, columns: Sequence[str] = (), delimiter: str = ""
    ) -> None:
        """Prepare to read.

        Args:
            event: What the records are of.
            longest: Bytes of the longest record.
            columns: Names of the columns, for files without a header.
            delimiter: What stands between cells; empty: it is found by the names of columns.
        """
        self._names = Names(event)
        self._longest = longest
        self._columns = tuple(columns)
        self._delimiter = delimiter

    def records(self, file: BinaryIO, name: str) -> Iterator[Records]:
        """The records of a file.

        Raises:
            ConfigurationError: It can't be of the event at all.
        """
        waiting, line, layout = b"", 1, None
        columns: list[Column] = []
        for block, at_end in blocks(file):
            waiting += block
            if layout is None:
                waiting = waiting.removeprefix(BOM)
                layout, skipped = self._layout(waiting, name, at_end=at_end)
                if layout is None:
                    continue
                columns = self._names.columns(layout.columns, name)
                line += waiting.count(b"\n", 0, skipped)
                waiting = waiting[skipped:]
            found = split(waiting, layout.delimiter, self._longest, at_end=at_end)
            yield _records(waiting, found, layout, columns, line)
            line += found.lines_before
            waiting = waiting[found.rest :]
            if len(waiting) > LONGEST_LINE:
                raise ConfigurationError(f"{name} line {line} never ends: it is no CSV file")

    def layout(self, file: BinaryIO, name: str) -> Layout:
        """How a file is written.

        Raises:
            ConfigurationError: It can't be of the event at all.
        """
        waiting = b""
        for block, at_end in blocks(file):
            waiting = (waiting + block).removeprefix(BOM)
            layout, _ = self._layout(waiting, name, at_end=at_end)
            if layout is not None:
                self._names.columns(layout.columns, name)
                return layout
        raise ConfigurationError(f"{name} is empty")

    def again(self, records: Sequence[bytes], layout: Layout) -> pa.BinaryArray:
        """Single records of such a file as messages; null where one is none."""
        found = [split(each, layout.delimiter, self._longest, at_end=True) for each in records]
        width = len(layout.columns)
        is_sound = np.array([each.cells.tolist() == [width] for each in found], dtype=bool)
        is_sound &= [_decodes(each) for each in records]
        rows = np.flatnonzero(is_sound).tolist()
        body = b"\n".join(found[row].rewritten.get(0, records[row]) for row in rows)
        columns = self._names.columns(layout.columns, "the file")
        messages = messages_of(_parsed(body, layout, len(rows)), columns)
        return _spread(messages, is_sound)

    def _layout(self, block: bytes, name: str, *, at_end: bool) -> tuple[Layout | None, int]:
        """How the file is written, and how many bytes its header takes; None: not seen yet."""
        delimiter = self._delimiter or self._likeliest(_first_line(block))
        found = split(block, delimiter, self._longest, at_end=at_end)
        if not len(found.starts):
            if not at_end:
                if len(block) > LONGEST_LINE:
                    raise ConfigurationError(f"{name} line 1 never ends: it is no CSV file")
                return None, 0
            if self._columns:
                return Layout(delimiter, self._columns), 0
            raise ConfigurationError(f"{name} is empty: it has not even a header")
        start, end = int(found.starts[0]), int(found.ends[0])
        following = found.starts[1] if len(found.starts) > 1 else found.rest
        header = _cells(block[start:end], delimiter)
        if not self._columns:
            if header is None or found.cells[0] == UNREADABLE:
                raise ConfigurationError(
                    f"{name} has no sound header in UTF-8: it is no CSV file, or its lines end "
                    "with carriage returns alone"
                )
            return Layout(delimiter, header), int(following)
        is_header = header == self._columns
        return Layout(delimiter, self._columns), int(following) if is_header else 0

    def _likeliest(self, line: bytes) -> str:
        """The delimiter with which the first line names most fields, or has the cells it should."""
        known = self._names.known.keys()

        def fitting(delimiter: str) -> int:
            cells = _cells(line, delimiter) or ()
            if self._columns:
                return int(len(cells) == len(self._columns))
            return len(known & set(cells))

        return max(DELIMITERS, key=fitting)


def _first_line(block: bytes) -> bytes:
    return block.lstrip(b"\r\n").partition(b"\n")[0]


def _cells(record: bytes, delimiter: str) -> tuple[str, ...] | None:
    """The cells of one record, without blanks around them; None if it has no text."""
    try:
        rows = csv.reader(io.StringIO(record.decode(), newline=""), delimiter=delimiter)
        return tuple(cell.strip() for cell in next(rows, ()))
    except (UnicodeDecodeError, csv.Error):
        return None


def _records(
    block: bytes, found: Split, layout: Layout, columns: Sequence[Column], line: int
) -> Records:
    """The records of a block that begins at `line`."""
    received = Slices(block, found.starts, found.ends)
    is_sound = (found.cells == len(columns)) & _is_utf8(block, received, len(found.starts))
    rows = np.flatnonzero(is_sound)
    cells = _parsed(_body(block, found, rows, received), layout, len(rows))
    messages = messages_of(cells, columns)
    return Records(
        found.lines + line, _spread(messages, is_sound), received, line + found.lines_before
    )


def _spread(messages: pa.BinaryArray, is_sound: np.ndarray) -> pa.BinaryArray:
    """The messages in the places of the sound records; null in the others."""
    if is_sound.all():
        return messages
    return messages.take(pa.array(np.cumsum(is_sound) - 1, mask=~is_sound))


def _is_utf8(block: bytes, records: Slices, count: int) -> np.ndarray:
    try:
        block.decode()
    except UnicodeDecodeError:
        return np.array([_decodes(each) for each in records.take(range(count))], dtype=bool)
    return np.ones(count, dtype=bool)


def _decodes(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def _body(block: bytes, found: Split, rows: np.ndarray, received: Slices) -> bytes:
    """The sound records as one text."""
    if len(rows) == len(found.starts) and not found.rewritten:
        return block[: found.rest]
    texts = received.take(rows.tolist())
    written = (
        found.rewritten.get(row, text) for row, text in zip(rows.tolist(), texts, strict=True)
    )
    return b"\n".join(written)


def _parsed(body: bytes, layout: Layout, count: int) -> pl.DataFrame:
    """The cells as texts, null where they are empty.

    Raises:
        LakeError: The parser does not agree on how many records there are.
    """
    names = [str(number) for number in range(len(layout.columns))]
    if not count:
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    table = arrow_csv.read_csv(
        io.BytesIO(body),
        arrow_csv.ReadOptions(use_threads=False, block_size=len(body) + 1, column_names=names),
        arrow_csv.ParseOptions(delimiter=layout.delimiter, newlines_in_values=True),
        arrow_csv.ConvertOptions(
            check_utf8=False,
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=True,
        ),
    )
    if table.num_rows != count:
        raise LakeError("records of a file were lost or doubled: nothing of it was committed")
    return cast("pl.DataFrame", pl.from_arrow(table))
