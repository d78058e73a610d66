"""What the tests of landing share: messages, a hand-made checkpoint, a Spark session."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contracts.store import FolderStore
from streaming.limits import Limits

from .messages import BATCH_AT


@pytest.fixture
def limits() -> Limits:
    return Limits(10_000, datetime(2026, 1, 1, tzinfo=UTC), timedelta(minutes=5))


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path / "lake")


class WrittenCheckpoint:
    """A checkpoint as Spark would write it."""

    def __init__(self, folder: Path, topic: str) -> None:
        self.folder = folder
        self.topic = topic

    def begin(self, writer: str, initial: dict[int, int]) -> None:
        self._write("metadata", json.dumps({"id": writer}))
        self._write("sources/0/0", "\0v1\n" + self._offsets(initial))

    def plan(self, number: int, ends: dict[int, int]) -> None:
        recorded = {"batchWatermarkMs": 0, "batchTimestampMs": int(BATCH_AT.timestamp() * 1000)}
        lines = ["v1", json.dumps(recorded), self._offsets(ends)]
        self._write(f"offsets/{number}", "\n".join(lines))

    def commit(self, number: int) -> None:
        self._write(f"commits/{number}", 'v1\n{"nextBatchWatermarkMs":0}')

    def _offsets(self, offsets: dict[int, int]) -> str:
        return json.dumps({self.topic: {str(each): end for each, end in offsets.items()}})

    def _write(self, name: str, content: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


@pytest.fixture
def written_checkpoint(tmp_path) -> WrittenCheckpoint:
    return WrittenCheckpoint(tmp_path / "checkpoint", "listen_events")
