"""Messages as landing gets them."""

import json
from datetime import UTC, datetime

import pyarrow as pa

from streaming.checkpoint import OffsetRange
from streaming.reading import Chunk
from streaming.task import BatchTask, TaskFacts, land_partition

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


def chunk(*values: bytes | None, partition: int = 0, first_offset: int = 0) -> Chunk:
    """Messages as a task reads them, at offsets that follow each other."""
    end = first_offset + len(values)
    columns = {
        "topic": pa.array(["listen_events"] * len(values), pa.string()),
        "partition": pa.array([partition] * len(values), pa.int64()),
        "offset": pa.array(range(first_offset, end), pa.int64()),
        "value": pa.array(values, pa.binary()),
    }
    return Chunk(pa.record_batch(columns), end)


def land(task: BatchTask, *chunks: Chunk, partition: int = 0, attempt: int = 0) -> TaskFacts:
    """Land one partition that has just these messages in the batch."""
    start = chunks[0].end - chunks[0].messages.num_rows
    wanted = OffsetRange("listen_events", partition, start, chunks[-1].end)
    return land_partition(task, wanted, chunks, attempt)
