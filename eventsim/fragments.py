"""JSON lines without building any: a line is a row of numbers of fragments, joined by Arrow.

All texts that lines are made of (a song's fields, a listener's, a page's, groups of digits) stand
once in a pool. `take` on that pool, with the numbers of all lines row by row, gives one buffer
that is the file's text as it stands.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from eventsim.arrays import numbers, strings
from eventsim.randomness import Integers

DIGITS = 10_000
"""Numbers are written in groups of four digits."""
Column = Integers | int
"""The number of a fragment for each row, or of one for all rows."""


def text(value: str) -> str:
    """A text as JSON, with its quotes; no character beyond ASCII is escaped."""
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of text, each ending in a line feed."""

    data: memoryview
    bounds: npt.NDArray[np.int64]
    """Where each line begins, and where the last one ends."""

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def texts(self) -> list[bytes]:
        """Each line by itself, without its line feed."""
        data = bytes(self.data)
        bounds = self.bounds.tolist()
        return [data[begin : end - 1] for begin, end in itertools.pairwise(bounds)]


class Pool:
    """The fragments by number."""

    def __init__(self) -> None:
        """Begin with the digits."""
        self._parts: list[pa.Array] = []
        self._size = 0
        self._joined: pa.Array | None = None
        self.empty = self.add([""])
        self._plain = self.add(str(number) for number in range(DIGITS))
        self._padded = self.add(f"{number:04d}" for number in range(DIGITS))

    def add(self, fragments: Iterable[str]) -> int:
        """Put fragments at the end; the number of the first of them."""
        return self.add_array(strings(fragments, pa.binary()))

    def add_array(self, fragments: pa.Array) -> int:
        """Put an Arrow array of fragments at the end; the number of the first of them."""
        first = self._size
        self._parts.append(fragments)
        self._size += len(fragments)
        self._joined = None
        return first

    def cut(self, first: int) -> None:
        """Take the fragments from number `first` on out again."""
        self._joined = self._all().slice(0, first)
        self._parts = [self._joined]
        self._size = first

    def number(self, values: Integers) -> list[Column]:
        """The fragments that write whole numbers of 0 or more in decimal."""
        if not len(values):
            return [self.empty]
        groups = 1
        while int(values.max()) >= DIGITS**groups:
            groups += 1
        top = values // DIGITS ** (groups - 1)
        first = self._plain + top
        columns: list[Column] = [first if groups == 1 else np.where(top > 0, first, self.empty)]
        for power in range(groups - 2, -1, -1):
            leading = values // DIGITS**power
            column = np.where(leading >= DIGITS, self._padded, self._plain) + leading % DIGITS
            columns.append(np.where(leading > 0, column, self.empty) if power else column)
        return columns

    def join(self, columns: Sequence[Column], rows: int) -> pa.Array:
        """Each row's fragments one after another, as an Arrow array."""
        chosen = np.empty((rows, len(columns)), dtype=np.int32)
        for index, column in enumerate(columns):
            chosen[:, index] = column
        return self._all().take(numbers(chosen.reshape(-1)))

    def lines(self, columns: Sequence[Column], rows: int) -> Lines:
        """Each row's fragments joined to a line; the last ones end in a line feed."""
        joined = self.join(columns, rows)
        bounds = _bounds(joined, len(columns)).astype(np.int64)
        return Lines(memoryview(joined.buffers()[2] or b"")[: bounds[-1]], bounds)

    def texts(self, columns: Sequence[Column], rows: int) -> pa.Array:
        """Each row's fragments joined to one text, as an Arrow array of `rows`."""
        joined = self.join(columns, rows)
        bounds = pa.py_buffer(_bounds(joined, len(columns)).tobytes())
        return pa.Array.from_buffers(pa.binary(), rows, [None, bounds, joined.buffers()[2]])

    def _all(self) -> pa.Array:
        if self._joined is None:
            self._joined = pa.concat_arrays(self._parts)
            self._parts = [self._joined]
        return self._joined


def _bounds(joined: pa.Array, columns: int) -> npt.NDArray[np.int32]:
    """Where each row's text begins in the joined fragments, and where the last one ends."""
    offsets = np.frombuffer(memoryview(joined.buffers()[1] or b""), dtype=np.int32)
    return offsets[: len(joined) + 1 : columns]
