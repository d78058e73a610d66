"""Why a message is rejected: a closed list, in the order in which counts prefer them.

A reason is written `reason` or `reason:wireName`, for example `missing_field:sessionId`.
"""

from enum import StrEnum


class Reason(StrEnum):
    """What a message did wrong; counts use the first reason of a message in this order."""

    OVERSIZED = "oversized"
    """Longer than `max_event_bytes`; it is not parsed."""
    UNREADABLE_RECORD = "unreadable_record"
    """In a batch file: another number of cells than the header, quotes out of place, no UTF-8."""
    UNREADABLE_JSON = "unreadable_json"
    """Not one JSON object in UTF-8 (also an empty or absent value)."""
    MISSING_FIELD = "missing_field"
    """A required field is absent, null, or empty text."""
    WRONG_TYPE = "wrong_type"
    """A field holds another JSON type, or a number that does not fit."""
    OUT_OF_RANGE = "out_of_range"
    """A number beyond the field's bounds."""
    NOT_ALLOWED = "not_allowed"
    """A text outside the field's list."""
    IMPOSSIBLE_TIME = "impossible_time"
    """`ts` before the oldest accepted event or too far after the batch's own time."""


ORDER = tuple(Reason)


def written(reason: Reason, wire_name: str = "") -> str:
    """The reason as rejects carry it.

    >>> written(Reason.MISSING_FIELD, "sessionId")
    'missing_field:sessionId'
    """
    return f"{reason}:{wire_name}" if wire_name else str(reason)
