"""How far landing has come: a time until which all that Kafka held is committed.

Kafka is asked now and then which offsets it holds. A sample (a time, and the end offsets asked
for *after* it) is covered when all of them are committed; the newest covered sample is how far
landing has come, whether messages keep arriving or not.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.progress import Progress, write_progress
from contracts.store import Store
from streaming.kafka import Held


@dataclass(frozen=True, slots=True)
class Sample:
    """What Kafka held at `at`, or later: at least all of then."""

    at: datetime
    held: Mapping[int, Held]

    def is_covered(self, committed: Mapping[int, int]) -> bool:
        """Whether all of it is committed; a partition without messages always is."""
        return all(
            committed.get(partition, held.start) >= held.end
            for partition, held in self.held.items()
        )


@dataclass(frozen=True, slots=True)
class Lag:
    """How far landing is behind Kafka; None where that isn't known yet."""

    messages: int | None = None
    """Held by Kafka when it was asked last, and not committed."""
    seconds: float | None = None
    """How long ago all that Kafka held was committed."""
    caught_up_until: datetime | None = None


class ProgressKeeper:
    """Keeps the progress record of one event; used by several threads."""

    MAX_WAITING = 1000
    """Samples that wait to be covered; when there are more, every other is forgotten."""

    def __init__(self, store: Store, event_name: str, before: Progress | None) -> None:
        """Go on from the record `before`."""
        self._store = store
        self._event_name = event_name
        self._caught_up_until = before.caught_up_until if before else None
        self._waiting: list[Sample] = []
        self._held: Mapping[int, Held] = {}
        self._committed: Mapping[int, int] = {}
        self._last_seq = 0
        self._writer = ""
        self._lock = threading.Lock()

    def committed(self, ends: Mapping[int, int], seq: int, writer: str) -> None:
        """All before `ends` is committed, the newest manifest is `seq`."""
        with self._lock:
            self._committed, self._last_seq, self._writer = dict(ends), seq, writer
            self._write()

    def sampled(self, sample: Sample) -> None:
        """Take in a sample."""
        with self._lock:
            self._held = sample.held
            self._waiting.append(sample)
            if len(self._waiting) > self.MAX_WAITING:
                del self._waiting[1::2]
            self._write()

    def lag(self, committed: Mapping[int, int] | None = None) -> Lag:
        """How far landing is behind, or will be once all before `committed` is."""
        with self._lock:
            ends = self._committed if committed is None else committed
            reached = self._reached(ends)
            return Lag(
                messages=_beyond(ends, self._held) if self._held else None,
                seconds=_since(reached) if reached else None,
                caught_up_until=reached,
            )

    def _reached(self, committed: Mapping[int, int]) -> datetime | None:
        """The newest time at which Kafka held no more than what is `committed`."""
        known = [self._caught_up_until] if self._caught_up_until else []
        covered = [each.at for each in self._waiting if each.is_covered(committed)]
        return max([*known, *covered], default=None)

    def _write(self) -> None:
        self._caught_up_until = reached = self._reached(self._committed)
        if reached:
            self._waiting = [each for each in self._waiting if each.at > reached]
        write_progress(
            self._store,
            Progress(
                event=self._event_name,
                caught_up_until=self._caught_up_until,
                committed=self._committed,
                held={partition: held.end for partition, held in self._held.items()},
                last_seq=self._last_seq,
                writer=self._writer,
                updated_at=datetime.now(UTC),
            ),
        )


def _beyond(committed: Mapping[int, int], held: Mapping[int, Held]) -> int:
    """Messages that Kafka holds and that are not committed."""
    return sum(
        max(0, there.end - max(committed.get(partition, 0), there.start))
        for partition, there in held.items()
    )


def _since(at: datetime) -> float:
    """Seconds, to the millisecond."""
    return round((datetime.now(UTC) - at).total_seconds(), 3)
