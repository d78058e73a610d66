"""The exact path: one message, read field by field, with all reasons against it.

It decides every rejection, and accepts what is sound but unusual: unknown fields, duplicate
keys, escapes beyond the everyday ones. What it accepts of the everyday kind, `plain.py` reads
to the same values, faster.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import msgspec

from contracts.events import EARLIEST_EPOCH_MS, LATEST_EPOCH_MS, OCCURRED_AT, Event, Field
from contracts.identity import Value as IdentityValue
from contracts.identity import derived_event_id
from contracts.reasons import ORDER, Reason, written
from streaming.limits import Limits, Window

Value = str | int | float | bool | None
Row = dict[str, Value]
"""An accepted event by lake name; timestamps are epoch milliseconds still."""

MAX_DEPTH = 64
"""Objects and arrays in each other beyond this are unreadable, whatever the parser could bear:
its own limit moves with the depth of the Python stack, and a verdict must not."""

INT64 = range(-(2**63), 2**63)
LONGEST_INT64 = len("-9223372036854775808")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string without an end is taken whole, so that hostile quotes cost no more than any text."""

STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

MESSAGE = msgspec.json.Decoder(dict[str, msgspec.Raw])
TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one message turned out to be: a row, or the reasons why it is none."""

    row: Row
    reasons: list[str]


class ExactJudge:
    """Judges single messages of one event."""

    def __init__(self, event: Event, limits: Limits) -> None:
        """Prepare for messages of `event`."""
        self._event = event
        self._limits = limits
        self._wire_names = frozenset(each.wire_name for each in event)

    def __call__(self, value: bytes | None, window: Window) -> Finding:
        """The finding about one message, for any bytes whatever."""
        if value is not None and len(value) > self._limits.max_event_bytes:
            return _rejected(Reason.OVERSIZED)
        fields = read_object(value or b"")
        if fields is None:
            return _rejected(Reason.UNREADABLE_JSON)
        return self._judged(fields, window)

    def _judged(self, fields: Mapping[str, bytes], window: Window) -> Finding:
        row: Row = {}
        against: list[tuple[Reason, str]] = []
        for field in self._event:
            value, reason = _read_field(field, fields.get(field.wire_name, b"null"), window)
            row[field.name] = value
            if reason is not None:
                against.append((reason, field.wire_name))
        if against:
            against.sort(key=lambda each: ORDER.index(each[0]))
            return Finding({}, [written(*each) for each in against])
        row["unknown_fields"] = _unknown_fields(fields, self._wire_names)
        row["event_id"] = row["event_id"] or self._derived_id(row)
        return Finding(row, [])

    def _derived_id(self, row: Row) -> str:
        return derived_event_id(self._event, cast("Mapping[str, IdentityValue]", row))


def read_object(message: bytes) -> dict[str, bytes] | None:
    """The fields of a message as their JSON text, or None unless it is one JSON object in UTF-8.

    The last of duplicate keys counts.

    >>> read_object(b'{"a": 1, "b": [true], "a": 2}')
    {'a': b'2', 'b': b'[true]'}
    >>> read_object(b'{"a": 1} {"a": 2}')
    """
    try:
        message.decode()  # The parser below does not look into what it skips.
        if is_too_deep(message):
            return None
        return {name: bytes(raw) for name, raw in MESSAGE.decode(message).items()}
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None


def is_too_deep(message: bytes) -> bool:
    """Whether brackets outside strings nest deeper than `MAX_DEPTH`."""
    if message.count(b"[") + message.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for found in STRING_OR_BRACKET.finditer(message):
        depth += STEP.get(found[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def bounds(field: Field) -> tuple[float, float]:
    """The field's inclusive bounds on the wire; a timestamp always has some."""
    widest = (-math.inf, math.inf)
    if field.type == "timestamp":
        widest = (EARLIEST_EPOCH_MS, LATEST_EPOCH_MS)
    lowest = widest[0] if field.minimum is None else field.minimum
    return lowest, widest[1] if field.maximum is None else field.maximum


def _rejected(reason: Reason) -> Finding:
    return Finding({}, [written(reason)])


def _read_field(field: Field, raw: bytes, window: Window) -> tuple[Value, Reason | None]:
    """The field's value, and what is wrong with it if anything is."""
    try:
        value = _typed(field, raw)
    except ValueError:
        return None, Reason.WRONG_TYPE
    if value is None:
        return None, None if field.nullable else Reason.MISSING_FIELD
    return value, _breach(field, value, window)


def _typed(field: Field, raw: bytes) -> Value:
    """The value that `raw` stands for; empty text is no value.

    Raises:
        ValueError: It is of another type, or does not fit the field's.
    """
    if raw == b"null":
        return None
    if field.accepts_text and raw.startswith(b'"'):
        text = _text(raw)
        return _integer_of(text) if text else None
    return READERS[field.type](raw)


def _breach(field: Field, value: Value, window: Window) -> Reason | None:
    """The rule of the contract that a value of the right type breaks, if any."""
    if isinstance(value, str):
        return Reason.NOT_ALLOWED if field.allowed and value not in field.allowed else None
    if isinstance(value, bool) or value is None:
        return None
    if field.name == OCCURRED_AT.name:
        return None if window.first <= value <= window.last else Reason.IMPOSSIBLE_TIME
    lowest, highest = bounds(field)
    return None if lowest <= value <= highest else Reason.OUT_OF_RANGE


def _unknown_fields(fields: Mapping[str, bytes], known: frozenset[str]) -> str | None:
    """The fields outside the contract as one JSON object, values as they were sent."""
    unknown = [
        msgspec.json.encode(name) + b":" + raw for name, raw in fields.items() if name not in known
    ]
    return f"{{{b','.join(unknown).decode()}}}" if unknown else None


def _text(raw: bytes) -> str | None:
    if not raw.startswith(b'"'):
        raise ValueError("not a text")
    return TEXT.decode(raw) or None


def _integer(raw: bytes) -> int:
    return _integer_of(raw.decode())


def _integer_of(text: str) -> int:
    if len(text) > LONGEST_INT64 or not DECIMAL.fullmatch(text):
        raise ValueError("not an integer of 64 bits")
    number = int(text)
    if number not in INT64:
        raise ValueError("not an integer of 64 bits")
    return number


def _number(raw: bytes) -> float:
    if raw[:1] not in b"-0123456789":
        raise ValueError("not a number")
    number = float(raw) + 0.0  # -0.0 becomes 0.0
    if math.isinf(number):
        raise ValueError("does not fit a double")
    return number


def _boolean(raw: bytes) -> bool:
    if raw not in (b"true", b"false"):
        raise ValueError("not a boolean")
    return raw == b"true"


READERS: dict[str, Callable[[bytes], Value]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "timestamp": _integer,
}
