r"""Cutting CSV into records, by the block: where each begins and ends, and how many cells it has.

A quote opens a cell only at its beginning and closes it only at its end, and a line feed between
the two is part of the cell (RFC 4180). Where a block keeps that, its quotes are counted natively.
Where one stands out of place, the block is read a record at a time by Python's `csv`, as strictly;
what is no record there is a record of its own, one line long, so that a quote that is never closed
costs one line and not the rest of the file.
"""

import csv
import io
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

QUOTE, LINE_FEED, RETURN = b'"\n\r'
NOTHING = np.array([], np.int64)
UNREADABLE = -1
"""How many cells a record has whose quotes are out of place."""


@dataclass(frozen=True, slots=True)
class Split:
    """The records of a block; lines without anything are none."""

    starts: np.ndarray
    ends: np.ndarray
    lines: np.ndarray
    """The line that each begins in, the block's first being 0."""
    cells: np.ndarray
    rest: int
    """Where the first record begins that is not whole yet."""
    lines_before: int
    """Lines before `rest`, the last one also if it lacks its line feed."""
    rewritten: dict[int, bytes] = field(default_factory=dict)
    """Records, by their place, that are read otherwise than they look: as they should look."""


def split(block: bytes, delimiter: str, longest: int, *, at_end: bool) -> Split:
    """Cut a block that begins with a record.

    Args:
        block: Bytes of the file.
        delimiter: What stands between cells, one ASCII character.
        longest: A record that has more bytes without ending is none.
        at_end: Whether the file ends with the block.
    """
    found = _split_by_count(block, ord(delimiter), longest, at_end=at_end)
    if found is None or len(block) - found.rest > longest:
        found = _split_one_by_one(block, delimiter, longest, at_end=at_end)
    has_data = found.ends > found.starts
    if has_data.all():
        return found
    kept = np.flatnonzero(has_data)
    place = {int(old): new for new, old in enumerate(kept)}
    return Split(
        found.starts[kept],
        found.ends[kept],
        found.lines[kept],
        found.cells[kept],
        found.rest,
        found.lines_before,
        {place[old]: text for old, text in found.rewritten.items() if old in place},
    )


def _split_by_count(block: bytes, delimiter: int, longest: int, *, at_end: bool) -> Split | None:
    """The records, if all quotes and carriage returns are in their places, and none is too long."""
    data = np.frombuffer(block, np.uint8)
    quotes = np.flatnonzero(data == QUOTE)
    line_feeds = np.flatnonzero(data == LINE_FEED)
    ends = _outside(line_feeds, quotes)
    if at_end and len(data) and (not len(ends) or ends[-1] != len(data) - 1):
        ends = np.append(ends, len(data))
    if not len(ends):
        return Split(NOTHING, NOTHING, NOTHING, NOTHING, 0, 0)
    rest = min(int(ends[-1]) + 1, len(data))
    returns = _outside(np.flatnonzero(data[:rest] == RETURN), quotes)
    if not _in_place(data[:rest], quotes[quotes < rest], delimiter) or not _end_lines(
        data, returns
    ):
        return None
    starts = np.append(0, ends[:-1] + 1)
    delimiters = _outside(np.flatnonzero(data[:rest] == delimiter), quotes)
    cells = np.searchsorted(delimiters, ends) - np.searchsorted(delimiters, starts) + 1
    before = np.searchsorted(line_feeds, starts)
    goes_on = np.searchsorted(line_feeds, ends) > before
    if (goes_on & (np.minimum(ends + 1, rest) - starts > longest)).any():
        return None
    with_return = (ends > starts) & (data[np.maximum(ends - 1, 0)] == RETURN)
    # The last line may lack its end, and is one all the same.
    count = int(np.searchsorted(line_feeds, rest)) + int(ends[-1] == len(data))
    return Split(starts, ends - with_return, before, cells, rest, count)


def _outside(places: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Those of the places that are not between quotes."""
    return places[np.searchsorted(quotes, places) % 2 == 0] if len(quotes) else places


def _in_place(data: np.ndarray, quotes: np.ndarray, delimiter: int) -> bool:
    """Whether quotes open cells at their beginning, and close them at their end."""
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before = data[opening[opening > 0] - 1]
    after = data[closing[closing < len(data) - 1] + 1]
    begins = np.isin(before, (delimiter, LINE_FEED, QUOTE))
    ends = np.isin(after, (delimiter, LINE_FEED, RETURN, QUOTE))
    return bool(begins.all() and ends.all())


def _end_lines(data: np.ndarray, returns: np.ndarray) -> bool:
    """Whether carriage returns stand only at the end of a line."""
    after = returns[returns < len(data) - 1] + 1
    return bool((data[after] == LINE_FEED).all())


def _split_one_by_one(block: bytes, delimiter: str, longest: int, *, at_end: bool) -> Split:
    csv.field_size_limit(max(longest, csv.field_size_limit()))
    lines = io.BytesIO(block).readlines()
    places = [0, *itertools.accumulate(map(len, lines))]
    found: list[tuple[int, int, int, int]] = []
    rewritten: dict[int, bytes] = {}
    number = 0
    while number < len(lines):
        record = _record_at(lines, number, delimiter, longest)
        last = lines[number + record.lines - 1]
        if not at_end and (record.is_cut_off or not last.endswith(b"\n")):
            break
        start, end = places[number], places[number + record.lines]
        text = block[start:end].removesuffix(b"\n").removesuffix(b"\r")
        cells = UNREADABLE if record.cells is None else len(record.cells)
        if record.cells is not None:
            rewritten[len(found)] = _as_it_should_look(record.cells, delimiter)
        found.append((start, start + len(text), number, cells))
        number += record.lines
    starts, ends, before, widths = np.array(found, np.int64).reshape(-1, 4).T
    return Split(starts, ends, before, widths, places[number], number, rewritten)


@dataclass(frozen=True, slots=True)
class _Record:
    """A record as Python's `csv` reads it; of one line where it can't."""

    lines: int
    cells: list[str] | None
    is_cut_off: bool = False
    """Whether the lines ended before the record did."""


def _record_at(lines: list[bytes], number: int, delimiter: str, longest: int) -> _Record:
    taken = size = 0

    def fed() -> Iterator[str]:
        nonlocal taken, size
        for at in range(number, len(lines)):
            line = lines[at]
            size += len(line)
            if size > longest and taken:
                return
            taken += 1
            yield line.decode("utf-8", "surrogateescape")

    try:
        cells = next(csv.reader(fed(), delimiter=delimiter, strict=True), None)
    except csv.Error:
        return _Record(1, None, is_cut_off=number + taken == len(lines) and size <= longest)
    return _Record(taken, cells)


def _as_it_should_look(cells: list[str], delimiter: str) -> bytes:
    """The record with all cells in quotes, without a line feed at its end."""
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="").writerow(
        cells
    )
    return written.getvalue().encode("utf-8", "surrogateescape")
