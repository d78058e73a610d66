"""Messages for the tests of judgement, and judging them in one call."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from contracts.events import LISTEN_EVENTS, Event
from streaming.judge import Judge, Limits, Verdict

BATCH_AT = datetime(2026, 1, 2, 12, 0, 0, 123_456, tzinfo=UTC)
OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
LIMITS = Limits(max_event_bytes=10_000, oldest=OLDEST, future_skew=timedelta(minutes=5))
TS = 1_767_225_603_000

LISTEN = {
    "artist": '"Nina Simone"',
    "song": '"Sinnerman"',
    "duration": "622.5",
    "ts": str(TS),
    "sessionId": "7",
    "auth": '"Logged In"',
    "level": '"free"',
    "itemInSession": "3",
    "city": '"Boise"',
    "zip": '"83701"',
    "state": '"ID"',
    "userAgent": r'"\"Mozilla/5.0 (X11)\""',
    "lon": "-116.2",
    "lat": "43.6",
    "userId": "42",
    "lastName": '"Lovelace"',
    "firstName": '"Ada"',
    "gender": '"F"',
    "registration": "1766602454000",
}
"""A sound listen as the classic eventsim writes it: wire name → JSON text of the value."""


def json_object(fields: dict[str, str], colon: str = ":", comma: str = ",") -> bytes:
    """The JSON text of fields whose values are JSON texts already."""
    return ("{" + comma.join(f'"{name}"{colon}{raw}' for name, raw in fields.items()) + "}").encode(
        "utf-8", "surrogatepass"
    )


def listen(*absent: str, **changes: str) -> bytes:
    """A listen without some fields, others changed; values are JSON texts."""
    return json_object({k: v for k, v in (LISTEN | changes).items() if k not in absent})


def batch(messages: Sequence[bytes | None], topic: str = "listen_events") -> pa.RecordBatch:
    """Messages as Spark hands them over, at offsets 100, 101 … of partition 2."""
    count = len(messages)
    return pa.record_batch(
        {
            "topic": pa.array([topic] * count, pa.string()),
            "partition": pa.array([2] * count, pa.int32()),
            "offset": pa.array(range(100, 100 + count), pa.int64()),
            "value": pa.array(messages, pa.binary()),
        }
    )


def judged(
    *messages: bytes | None, event: Event = LISTEN_EVENTS, limits: Limits = LIMITS
) -> Verdict:
    """The verdict on a batch of these messages."""
    return Judge(event, limits)(batch(messages, event.name), BATCH_AT)


def accepted(message: bytes | None, event: Event = LISTEN_EVENTS) -> dict[str, Any]:
    """The row of a message that must be accepted."""
    verdict = judged(message, event=event)
    assert verdict.rejected["reasons"].to_pylist() == []
    return verdict.accepted.to_pylist()[0]


def reasons(message: bytes | None, event: Event = LISTEN_EVENTS) -> list[str]:
    """The reasons against a message; none if it is accepted."""
    rejected = judged(message, event=event).rejected["reasons"].to_pylist()
    return rejected[0] if rejected else []
