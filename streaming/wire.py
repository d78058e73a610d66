"""A message's bytes as its fields: each value still the JSON text that was sent."""

import re
from collections.abc import Mapping

import msgspec

MAX_DEPTH = 64
"""Objects and arrays in each other beyond this are unreadable, whatever the parser could bear:
its own limit moves with the depth of the Python stack, and a verdict must not."""

STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string without an end is taken whole, so that hostile quotes cost no more than any text."""
STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}

MESSAGE = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_object(message: bytes) -> dict[str, bytes] | None:
    """The fields of a message as their JSON text, or None unless it is one JSON object in UTF-8.

    The last of duplicate keys counts.

    >>> read_object(b'{"a": 1, "b": [true], "a": 2}')
    {'a': b'2', 'b': b'[true]'}
    >>> read_object(b'{"a": 1} {"a": 2}')
    """
    try:
        message.decode()  # The parser does not look at the bytes of strings it skips.
        if is_too_deep(message):
            return None
        return {name: bytes(raw) for name, raw in MESSAGE.decode(message).items()}
    except (UnicodeDecodeError, msgspec.DecodeError):
        return None


def object_of(fields: Mapping[str, bytes]) -> str:
    """The JSON object that has these fields, their values as they were sent.

    >>> object_of({"a": b"1.50", "b": b"[ true ]"})
    '{"a":1.50,"b":[ true ]}'
    """
    pairs = [msgspec.json.encode(name) + b":" + raw for name, raw in fields.items()]
    return f"{{{b','.join(pairs).decode()}}}"


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
