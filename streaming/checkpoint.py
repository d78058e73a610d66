"""What Spark's checkpoint of a query says: its id, and the offsets and time of each batch.

Spark plans a batch by writing `offsets/<n>` (its time and end offsets), and records that it is
done in `commits/<n>`. A batch that is repeated after a crash has the same offsets and time, and
that is what makes landing repeatable.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from contracts.errors import ConfigurationError, LakeError
from contracts.store import Store

LAKE_LINK = "lake.json"
INITIAL_OFFSETS = "sources/0/0"


@dataclass(frozen=True, slots=True)
class OffsetRange:
    """Offsets of one Kafka partition, `end` exclusive."""

    topic: str
    partition: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PlannedBatch:
    """One micro-batch, as Spark planned it: the same at each attempt."""

    number: int
    at: datetime
    """The batch's recorded time, UTC."""
    starts: Mapping[int, int]
    ends: Mapping[int, int]
    """Offsets per Kafka partition, `ends` exclusive."""

    def ranges(self, topic: str) -> list[OffsetRange]:
        """What is to be read of each partition that has offsets in it."""
        return [
            OffsetRange(topic, partition, self.starts[partition], end)
            for partition, end in sorted(self.ends.items())
            if self.starts[partition] < end
        ]

    def is_empty(self) -> bool:
        """Whether no offset lies in it."""
        return all(self.starts[partition] == end for partition, end in self.ends.items())


class Checkpoint:
    """The checkpoint of one query, which Spark writes; we add only the link to its lake."""

    def __init__(self, store: Store, topic: str) -> None:
        """Read the checkpoint that `store` holds; the query reads `topic`."""
        self._store = store
        self._topic = topic

    def is_new(self) -> bool:
        """Whether no query ever started on it."""
        return not self._store.exists("metadata")

    def writer(self) -> str:
        """Id of the query, kept over restarts."""
        return str(self._decoded("metadata", self._store.read("metadata"))["id"])

    def batch(self, number: int) -> PlannedBatch:
        """The batch with this number.

        Raises:
            LakeError: It was never planned, or Spark has already forgotten it.
        """
        path = f"offsets/{number}"
        _, recorded_line, offsets = self._planned(path)
        recorded = self._decoded(path, recorded_line)
        ends = self._offsets(path, offsets)
        before = self._ends(number - 1) if number else self.initial_offsets()
        return PlannedBatch(
            number=number,
            at=datetime.fromtimestamp(recorded["batchTimestampMs"] / 1000, UTC),
            # Spark reads a partition that was added later from its beginning.
            starts={partition: before.get(partition, 0) for partition in ends},
            ends=ends,
        )

    def initial_offsets(self) -> dict[int, int]:
        """Where the query began; none before its first batch."""
        if not self._store.exists(INITIAL_OFFSETS):
            return {}
        content = self._store.read(INITIAL_OFFSETS)
        # Spark writes a zero byte and a version before the offsets.
        return self._offsets(INITIAL_OFFSETS, content[content.index(b"{") :])

    def committed_ends(self) -> dict[int, int]:
        """Offsets up to which Spark holds everything done; the initial ones at first."""
        last = self._newest("commits")
        return self.initial_offsets() if last is None else self._ends(last)

    def planned_ends(self) -> dict[int, int]:
        """Offsets up to which Spark has planned, done or not."""
        last = self._newest("offsets")
        return self.initial_offsets() if last is None else self._ends(last)

    def planned_starts(self) -> dict[int, int]:
        """Where the last batch that Spark has planned begins; empty if there is none."""
        last = self._newest("offsets")
        return {} if last is None else dict(self.batch(last).starts)

    def bind(self, lake_id: str, lake: str) -> None:
        """Tie a new checkpoint to this lake; refuse one that belongs to another.

        Raises:
            ConfigurationError: It belongs to another lake, or to none that is known.
        """
        if self._store.exists(LAKE_LINK):
            owner = self._decoded(LAKE_LINK, self._store.read(LAKE_LINK)).get("lake_id")
            if owner != lake_id:
                raise self._foreign(lake, "belongs to another lake")
        elif not self.is_new():
            raise self._foreign(lake, "does not say which lake it belongs to")
        else:
            self._store.put_if_absent(LAKE_LINK, msgspec.json.encode({"lake_id": lake_id}))

    def remove(self) -> None:
        """Forget it all: the next query begins where the lake ends, under another id."""
        for path in sorted(self._store.list(""), key=lambda each: each == LAKE_LINK):
            self._store.delete(path)  # whose it is last, so that a part of it still says so

    def _foreign(self, lake: str, problem: str) -> ConfigurationError:
        return ConfigurationError(
            f"the checkpoint {self._store.url('')} {problem} (this one is {lake}): give its own "
            "lake, or another --checkpoints folder to go on from where this lake ends"
        )

    def _ends(self, number: int) -> dict[int, int]:
        path = f"offsets/{number}"
        return self._offsets(path, self._planned(path)[2])

    def _planned(self, path: str) -> tuple[bytes, bytes, bytes]:
        """The lines of what Spark planned: a version, its own things, the topic's offsets."""
        lines = self._store.read(path).splitlines()
        if len(lines) < 3:
            raise LakeError(
                f"the checkpoint's {self._store.url(path)} is cut short: remove the checkpoint's "
                "folder to go on from where the lake ends"
            )
        return lines[0], lines[1], lines[2]

    def _offsets(self, path: str, written: bytes) -> dict[int, int]:
        offsets = self._decoded(path, written)[self._topic]
        return {int(partition): offset for partition, offset in offsets.items()}

    def _newest(self, log: str) -> int | None:
        names = (path.rpartition("/")[2] for path in self._store.list(log))
        return max((int(name) for name in names if name.isdigit()), default=None)

    def _decoded(self, path: str, written: bytes) -> dict[str, Any]:
        try:
            return msgspec.json.decode(written, type=dict[str, Any])
        except (msgspec.ValidationError, msgspec.DecodeError) as error:
            raise LakeError(
                f"the checkpoint's {self._store.url(path)} can't be read: {error}"
            ) from error
