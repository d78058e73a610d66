"""Whether a message keeps its contract, told in a few plain lines of Python."""

import json

from contracts.events import Event, Field


def verdict(event: Event, payload: bytes, most_bytes: int = 262_144) -> str | None:
    """The first reason to reject the message, or None."""
    if len(payload) > most_bytes:
        return "oversized"
    try:
        body = json.loads(payload.decode())
    except ValueError:
        return "unreadable_json"
    if not isinstance(body, dict):
        return "unreadable_json"
    missing = [
        each for each in event if not each.nullable and body.get(each.wire_name) in (None, "")
    ]
    if missing:
        return "missing_field"
    for each in event:
        value = body.get(each.wire_name)
        if value is not None and not _fits(each, value):
            return "wrong_type"
    return None


def _fits(field: Field, value: object) -> bool:
    if isinstance(value, bool):
        return field.type == "boolean"
    if field.type == "text":
        return isinstance(value, str) and (not field.allowed or value in field.allowed)
    if field.type in ("integer", "timestamp"):
        right = isinstance(value, int)
    else:
        right = field.type == "number" and isinstance(value, int | float)
    if not right:
        return False
    least = field.minimum if field.minimum is not None else float("-inf")
    most = field.maximum if field.maximum is not None else float("inf")
    return least <= value <= most
