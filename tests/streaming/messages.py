"""Messages as landing gets them."""

import json
from datetime import UTC, datetime

import pyarrow as pa

BATCH_AT = datetime(2026, 1, 2, 12, 30, tzinfo=UTC)
LISTEN = {
    "ts": 1_767_243_600_000,  # 2026-01-01 05:00 UTC
    "sessionId": 7,
    "itemInSession": 0,
    "level": "paid",
    "auth": "Logged In",
    "userId": 42,
    "city": "Reno",
    "state": "NV",
    "zip": "89501",
    "lat": 39.5,
    "lon": -119.8,
    "userAgent": "browser",
    "artist": "A",
    "song": "S",
    "duration": 200.5,
}


def listen(item: int = 0, hours: int = 0, **fields: object) -> bytes:
    """One listen event, `hours` after 05:00 and as many milliseconds as its item's number."""
    at = LISTEN["ts"] + hours * 3_600_000 + item
    return json.dumps(LISTEN | {"itemInSession": item, "ts": at} | fields).encode()


def arrow_messages(
    *values: bytes | None, partition: int = 0, first_offset: int = 0
) -> pa.RecordBatch:
    """Messages as Spark gives them to a task."""
    return pa.record_batch(
        {
            "partition": pa.array([partition] * len(values), pa.int32()),
            "offset": pa.array(range(first_offset, first_offset + len(values)), pa.int64()),
            "value": pa.array(values, pa.binary()),
        }
    )
