"""Broken messages, made of good ones: each kind is rejected for what it is called."""

from collections.abc import Callable

import msgspec

from contracts.events import Event

SHARES = {
    "truncated_json": 0.30,
    "wrong_type": 0.30,
    "missing_field": 0.28,
    "invalid_utf8": 0.10,
    "oversized": 0.02,
}
"""How poison is shared out over its kinds; oversized messages are few, as they are large."""
NOT_TEXT = ("integer", "number", "boolean", "timestamp")


def kind_of(choice: int) -> str:
    """The kind of poison for 32 random bits."""
    share = choice / 2**32
    for kind, part in SHARES.items():
        if share < part:
            return kind
        share -= part
    return next(iter(SHARES))


def truncated(_: Event, payload: bytes, choice: int) -> bytes:
    """The message up to somewhere before its end: no JSON."""
    return payload[: 1 + choice % (len(payload) - 1)]


def wrong_type(event: Event, payload: bytes, choice: int) -> bytes:
    """The message with a text in the place of a required number, time or boolean."""
    body = msgspec.json.decode(payload)
    names = [each.wire_name for each in event if not each.nullable and each.type in NOT_TEXT]
    body[names[choice % len(names)]] = "unknown"
    return msgspec.json.encode(body)


def missing_field(event: Event, payload: bytes, choice: int) -> bytes:
    """The message without a required field."""
    body = msgspec.json.decode(payload)
    names = [each.wire_name for each in event if not each.nullable]
    del body[names[choice % len(names)]]
    return msgspec.json.encode(body)


def invalid_utf8(_: Event, payload: bytes, choice: int) -> bytes:
    """The message with bytes in one of its texts that no UTF-8 has."""
    texts = payload.count(b'":"')
    parts = payload.split(b'":"', 1 + choice % texts)
    return b'":"'.join(parts[:-1]) + b'":"\xff\xfe' + parts[-1]


def oversized(payload: bytes, most: int) -> bytes:
    """The message with a field that makes it longer than `most` bytes."""
    return payload[:-1] + b',"padding":"' + b"x" * most + b'"}'


POISONS: dict[str, Callable[[Event, bytes, int], bytes]] = {
    "truncated_json": truncated,
    "wrong_type": wrong_type,
    "missing_field": missing_field,
    "invalid_utf8": invalid_utf8,
}
