"""The identity of an event whose producer gave it none.

It hashes the topic and a frozen list of fields in canonical form, before any mending, so that
each copy of a message gets the same id on every machine, in every version. `VERSION` is part of
the id: a changed list or form needs a new one, and old ids stay what they are.

Canonical form: the topic and the values of `Event.identity`, joined by `|`. A missing value is
`~`; an integer its decimal digits; a timestamp its epoch milliseconds; a boolean `true` or
`false`; a text its length in UTF-8 bytes, `:`, and itself, so that no two rows share a form.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime

from contracts.events import Event, FieldType

VERSION = "d1"
MISSING = "~"
SEPARATOR = "|"

Value = str | int | bool | datetime | None


def derived_event_id(event: Event, row: Mapping[str, Value]) -> str:
    """The id of a row of `event`, keyed by lake name.

    >>> from contracts.events import STATUS_CHANGE_EVENTS
    >>> derived_event_id(STATUS_CHANGE_EVENTS, {"session_id": 7, "level": "free"})
    'd1-bb4837bd6256d201157b8d27c666a5ab'
    """
    return hashed(canonical(event, row).encode())


def canonical(event: Event, row: Mapping[str, Value]) -> str:
    """The canonical form of a row: what its derived id is hashed from."""
    values = [_written(event[name].type, row.get(name)) for name in event.identity]
    return SEPARATOR.join([event.name, *values])


def hashed(form: bytes) -> str:
    """The derived id of a canonical form: the version and 128 bits of BLAKE2b, in hex."""
    return f"{VERSION}-{hashlib.blake2b(form, digest_size=16).hexdigest()}"


def _written(kind: FieldType, value: Value) -> str:
    if value is None:
        return MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return str(round(value.timestamp() * 1000))
    if kind == "text":
        return f"{len(str(value).encode())}:{value}"
    return str(value)
