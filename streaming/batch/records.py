"""A file's records on their way to the judge, whatever the file's format."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pyarrow as pa


class Received(Protocol):
    """The records' bytes as the file has them."""

    def take(self, rows: Sequence[int]) -> list[bytes]:
        """Those of some records, by their place in the chunk."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Records as parts of a block of the file."""

    block: bytes
    starts: np.ndarray
    ends: np.ndarray

    def take(self, rows: Sequence[int]) -> list[bytes]:
        """Those of some records, by their place in the chunk."""
        return [self.block[self.starts[row] : self.ends[row]] for row in rows]


@dataclass(frozen=True, slots=True)
class Texts:
    """Records as they are sent to the judge: the file has no bytes for each."""

    messages: pa.BinaryArray

    def take(self, rows: Sequence[int]) -> list[bytes]:
        """Those of some records, by their place in the chunk."""
        return [bytes(self.messages[row].as_py() or b"") for row in rows]


@dataclass(frozen=True, slots=True)
class Records:
    """Records that follow each other in a file."""

    lines: np.ndarray
    """The line that each begins in, from 1; in Parquet, its row."""
    messages: pa.BinaryArray
    """Each as the JSON object that Kafka would carry; null where it is no record at all."""
    received: Received
    end: int
    """All of the file before this line has been read."""
    first: int = 0
    """Place of the first of `lines` in `received`."""

    def __len__(self) -> int:
        """How many records."""
        return len(self.lines)

    def received_at(self, lines: np.ndarray) -> list[bytes]:
        """The bytes of the records that begin in these lines."""
        return self.received.take((np.searchsorted(self.lines, lines) + self.first).tolist())

    def part(self, start: int, end: int) -> "Records":
        """Records number `start` to `end`; lines without data after them belong to them."""
        until = int(self.lines[end]) if end < len(self) else self.end
        messages = self.messages.slice(start, end - start)
        lines = self.lines[start:end]
        return replace(self, lines=lines, messages=messages, end=until, first=self.first + start)


class Feed:
    """Hands out a file's records from a line on, so many at a time."""

    def __init__(self, chunks: Iterable[Records], first_line: int) -> None:
        """Begin at `first_line`; what stands before it was landed earlier."""
        self._chunks = iter(chunks)
        self._first_line = first_line
        self._waiting: Records | None = None
        self.end = first_line

    def next(self, count: int) -> Iterator[Records]:
        """The next `count` records, in chunks; fewer at the end of the file."""
        while count > 0 and (chunk := self._waiting or self._read()) is not None:
            now = min(count, len(chunk))
            self._waiting = chunk.part(now, len(chunk)) if now < len(chunk) else None
            count -= now
            part = chunk.part(0, now)
            self.end = max(self.end, part.end)
            yield part

    def has_more(self) -> bool:
        """Whether there are records left; reads on if it must."""
        while self._waiting is None or not len(self._waiting):
            self._waiting = self._read()
            if self._waiting is None:
                return False
        return True

    def _read(self) -> Records | None:
        for chunk in self._chunks:
            skipped = int(np.searchsorted(chunk.lines, self._first_line))
            if chunk.end > self._first_line or len(chunk):
                return chunk.part(skipped, len(chunk)) if skipped else chunk
        return None
