"""The exact path: one message, read field by field, with all reasons against it.

It decides every rejection, and accepts what is sound but unusual: unknown fields, duplicate
keys, exponents, rare escapes. What it accepts of the everyday kind, `plain.py` reads to the same
values, faster.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from contracts.events import EARLIEST_EPOCH_MS, LATEST_EPOCH_MS, OCCURRED_AT, Event, Field
from contracts.reasons import ORDER, Reason, written
from streaming.limits import Limits, Window
from streaming.wire import object_of, read_object

Value = str | int | float | bool | None
FieldJudge = Callable[[bytes | None, Window], tuple[Value, Reason | None]]
"""Gives a field's value, and what is wrong with it if anything is; empty text is no value."""

INT64 = range(-(2**63), 2**63)
LONGEST_INT64 = len("-9223372036854775808")
DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
TEXT = msgspec.json.Decoder(str)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one message turned out to be: an event, or the reasons why it is none."""

    reasons: list[str]
    values: tuple[Value, ...] = ()
    """In the order of the event's fields; timestamps are epoch milliseconds still."""
    unknown_fields: str | None = None


class ExactJudge:
    """Judges single messages of one event."""

    def __init__(self, event: Event, limits: Limits) -> None:
        """Prepare for messages of `event`."""
        self._max_bytes = limits.max_event_bytes
        self._judges = {each.wire_name: field_judge(each) for each in event}

    def __call__(self, message: bytes | None, window: Window) -> Finding:
        """The finding about one message, for any bytes whatever."""
        if message is not None and len(message) > self._max_bytes:
            return Finding([written(Reason.OVERSIZED)])
        fields = read_object(message or b"")
        if fields is None:
            return Finding([written(Reason.UNREADABLE_JSON)])
        return self._judged(fields, window)

    def _judged(self, fields: Mapping[str, bytes], window: Window) -> Finding:
        values: list[Value] = []
        against: list[tuple[Reason, str]] = []
        for name, judge in self._judges.items():
            value, reason = judge(fields.get(name), window)
            values.append(value)
            if reason is not None:
                against.append((reason, name))
        if against:
            against.sort(key=lambda each: ORDER.index(each[0]))
            return Finding([written(*each) for each in against])
        unknown = {name: raw for name, raw in fields.items() if name not in self._judges}
        return Finding([], tuple(values), object_of(unknown) if unknown else None)


def field_judge(field: Field) -> FieldJudge:
    """The judge of one field's JSON text (None where it is absent)."""
    read = _integer_or_text if field.accepts_text else READERS[field.type]
    breach = breach_of(field)
    absent = (None, None if field.nullable else Reason.MISSING_FIELD)

    def judge(raw: bytes | None, window: Window) -> tuple[Value, Reason | None]:
        if raw is None or raw == b"null":
            return absent
        try:
            value = read(raw)
        except ValueError:
            return None, Reason.WRONG_TYPE
        return absent if value is None else (value, breach and breach(value, window))

    return judge


def breach_of(field: Field) -> Callable[[Any, Window], Reason | None] | None:
    """What names the rule that a value of the field breaks, its type being right."""
    if field.name == OCCURRED_AT.name:
        return lambda value, window: (
            None if window.first <= value <= window.last else Reason.IMPOSSIBLE_TIME
        )
    if field.allowed:
        return lambda value, _: None if value in field.allowed else Reason.NOT_ALLOWED
    if field.type in ("text", "boolean"):
        return None
    lowest, highest = bounds(field)
    return lambda value, _: None if lowest <= value <= highest else Reason.OUT_OF_RANGE


def bounds(field: Field) -> tuple[float, float]:
    """The field's inclusive bounds on the wire; a timestamp always has some."""
    widest = (-math.inf, math.inf)
    if field.type == "timestamp":
        widest = (EARLIEST_EPOCH_MS, LATEST_EPOCH_MS)
    lowest = widest[0] if field.minimum is None else field.minimum
    return lowest, widest[1] if field.maximum is None else field.maximum


# The readers raise ValueError if a JSON text is of another type, or does not fit it.


def _text(raw: bytes) -> str | None:
    if not raw.startswith(b'"'):
        raise ValueError("not a text")
    return TEXT.decode(raw) or None


def _integer(raw: bytes) -> int:
    return _integer_of(raw.decode())


def _integer_or_text(raw: bytes) -> int | None:
    if not raw.startswith(b'"'):
        return _integer(raw)
    text = _text(raw)
    return _integer_of(text) if text else None


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
