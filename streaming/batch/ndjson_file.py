"""NDJSON files: each line is a message as Kafka would carry it, or has the lake's names."""

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import msgspec
import numpy as np
import pyarrow as pa

from contracts.errors import ConfigurationError
from contracts.events import OCCURRED_AT, Event
from streaming.batch.cells import epoch_ms
from streaming.batch.columns import Names
from streaming.batch.opening import LONGEST_LINE, blocks
from streaming.batch.records import Records, Slices
from streaming.wire import object_of, read_object

LINE_FEED = 10
BOM, UTF16 = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
LAKES = f'"{OCCURRED_AT.name}"'.encode()
"""What a record with the lake's names has, as every event has a time."""


class NdjsonReader:
    """Reads the records of NDJSON files of one event."""

    def __init__(self, event: Event) -> None:
        """Prepare to read files of `event`."""
        self._names = Names(event)

    def records(self, file: BinaryIO, name: str) -> Iterator[Records]:
        """The records of a file; empty lines are none.

        Raises:
            ConfigurationError: A line never ends.
        """
        waiting, line = b"", 1
        for number, (block, at_end) in enumerate(blocks(file)):
            if not number and block.startswith(UTF16):
                raise ConfigurationError(f"{name} is in UTF-16: convert it to UTF-8")
            waiting += block if number else block.removeprefix(BOM)
            rest = len(waiting) if at_end else waiting.rfind(b"\n") + 1
            chunk = self._chunk(waiting[:rest], line)
            yield chunk
            line = chunk.end
            waiting = waiting[rest:]
            if len(waiting) > LONGEST_LINE:
                raise ConfigurationError(f"{name} line {line} never ends: it is no NDJSON file")

    def _chunk(self, block: bytes, line: int) -> Records:
        data = np.frombuffer(block, np.uint8)
        feeds = np.flatnonzero(data == LINE_FEED)
        ends = feeds if block.endswith(b"\n") or not block else np.append(feeds, len(block))
        starts = np.append(0, feeds + 1)[: len(ends)]
        has_data = ends > starts
        received = Slices(block, starts[has_data], ends[has_data])
        lines = line + np.flatnonzero(has_data)
        messages = self.messages(received.take(range(len(lines))))
        return Records(lines, messages, received, line + len(ends))

    def messages(self, texts: Sequence[bytes]) -> pa.BinaryArray:
        """Lines as messages, those with the lake's names under the wire's."""
        wires = [wire_named(self._names, text) if LAKES in text else text for text in texts]
        return pa.array(wires, pa.binary())


def wire_named(names: Names, message: bytes) -> bytes:
    """A message with the wire's names for the lake's; a time may be written as ISO 8601.

    A field that has its wire name too is left as it is. What landing adds to a row is left out,
    and its unknown fields are fields again.
    """
    fields = read_object(message)
    if fields is None:
        return message
    renamed: dict[str, bytes] = {}
    for name, raw in fields.items():
        column = names.column(name)
        if column.use == "object":
            renamed = _inside(raw) | renamed
        elif column.use == "field" and (column.wire_name == name or column.wire_name not in fields):
            renamed[column.wire_name] = _as_time(raw) if column.is_time else raw
    return object_of(renamed).encode()


def _inside(raw: bytes) -> dict[str, bytes]:
    """The fields of an object, or of a text that is one."""
    text = msgspec.json.decode(raw) if raw.startswith(b'"') else ""
    return read_object(text.encode() or raw) or {}


def _as_time(raw: bytes) -> bytes:
    """Epoch milliseconds, if it is a text that says when."""
    if not raw.startswith(b'"'):
        return raw
    at = epoch_ms(msgspec.json.decode(raw))
    return at.encode() if at else raw
