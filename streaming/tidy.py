r"""The fast path's second look: messages that are plain but for blanks and unknown fields.

A producer that always sends a field we don't know, or indents its JSON, must not cost several
times as much as another. What is left over by `plain.py` is therefore stripped of blanks, and read
again by the column with the names of unknown fields that a sample of it has. Like the first look,
this one only ever accepts, and what it accepts `exact.py` would read to the same values.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa

from contracts.events import Event
from streaming.limits import Window
from streaming.plain import PlainReader
from streaming.wire import read_object

SAMPLE = 100
MOST_NAMES = 32
"""Names that are looked for at most, those most often met; an object with others is read alone."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}", re.ASCII)

# Enough to find values whose form is known to be right.
_TEXT = r'"(?:[^"\\]|\\.)*"'
_SCALAR = rf"(?:{_TEXT}|[^\s\"\[\]{{}},]+)"
_IN_BRACKETS = rf"(?:[^\"\[\]{{}}]|{_TEXT})*"
_LIST = rf"[\[{{](?:[^\"\[\]{{}}]|{_TEXT}|[\[{{]{_IN_BRACKETS}[\]}}])*[\]}}]"
_BLANKS_AFTER_NAME = r'^("[^"]*")\s*:\s*'


class TidyReader:
    """Reads by the column what is plain but for blanks and unknown fields."""

    def __init__(self, event: Event) -> None:
        """Prepare for messages of `event`."""
        self._event = event
        self._known = frozenset(each.wire_name for each in event)
        self._reader = lru_cache(maxsize=8)(lambda names: PlainReader(event, names))

    def read(self, messages: pa.BinaryArray, window: Window) -> tuple[pl.DataFrame, np.ndarray]:
        """The accepted rows, as the fast path gives them, and which of the messages they are."""
        names = self._unknown_names(messages)
        reader = self._reader(names)
        tidy = tidied(messages)
        rows = np.flatnonzero(reader.is_plain(tidy).fill_null(False))  # noqa: FBT003 (pyarrow's signature)
        frame, accepted = reader.read(tidy.take(rows), window)
        rows = rows[accepted.to_numpy()]
        if names:
            unknown = unknown_fields(messages.take(rows), names)
            frame = frame.with_columns(unknown_fields=unknown)
        return frame, rows

    def _unknown_names(self, messages: pa.BinaryArray) -> tuple[str, ...]:
        """Names of fields outside the contract that some of the messages have."""
        met: Counter[str] = Counter()
        step = 1 + len(messages) // SAMPLE
        for message in messages[::step].to_pylist():
            met.update((read_object(message or b"") or {}).keys() - self._known)
        names = [name for name, _ in met.most_common() if NAME.fullmatch(name)]
        return tuple(sorted(names[:MOST_NAMES]))


def tidied(messages: pa.BinaryArray) -> pa.BinaryArray:
    """The messages without the blanks between their parts; what is no JSON stays as it is."""
    return pa.array([_tidied(each) for each in messages.to_pylist()], pa.binary())


def _tidied(message: bytes | None) -> bytes | None:
    try:
        return message and msgspec.json.format(message, indent=-1)
    except (msgspec.DecodeError, RecursionError):
        return message


def unknown_fields(messages: pa.BinaryArray, names: Sequence[str]) -> pl.Series:
    """The fields of these names as one JSON object, values as sent; null where there are none.

    The messages must be sound JSON, with each of these names once at most.
    """
    those = "|".join(re.escape(each) for each in names)
    texts = pl.Series(messages.view(pa.string()))
    pairs = texts.str.extract_all(rf'"(?:{those})"\s*:\s*(?:{_LIST}|{_SCALAR})')
    named = pairs.list.eval(pl.element().str.replace(_BLANKS_AFTER_NAME, "$1:")).list.join(",")
    return pl.select(pl.when(named != "").then(pl.format("{{{}}}", named))).to_series()
