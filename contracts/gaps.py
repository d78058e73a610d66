"""Gaps: offsets that Kafka no longer holds and that were never landed, accepted by an operator.

A gap takes a number of its own in the log of manifests, so that the chain of offsets goes on: a
reader that adds up the log sees batches and gaps, and together they are everything.
"""

from dataclasses import dataclass
from typing import Literal

Cause = Literal["deleted", "recreated", "gone"]
"""Kafka deleted the messages (retention); the topic was created anew; the partition is no more."""


@dataclass(frozen=True, slots=True)
class Hole:
    """One Kafka partition whose offsets do not go on where the lake ends.

    `lake_end` is the first offset that was never landed, `resumes_at` the first one that Kafka
    holds now (None if the partition is gone). How many messages of a topic that was created anew
    were lost nobody can say.
    """

    topic: str
    partition: int
    lake_end: int
    resumes_at: int | None
    cause: Cause

    @property
    def missing(self) -> int | None:
        """How many offsets are missing; None if nobody can say."""
        if self.cause == "deleted" and self.resumes_at is not None:
            return self.resumes_at - self.lake_end
        return None

    def __str__(self) -> str:
        """The hole in a line: which offsets, and what became of them."""
        place = f"{self.topic} partition {self.partition}"
        if self.cause == "deleted":
            last = (self.resumes_at or 0) - 1
            return f"{place}: offsets {self.lake_end} to {last} were deleted before they landed"
        went_on = "it is gone" if self.cause == "gone" else f"it begins anew at {self.resumes_at}"
        return f"{place}: all after offset {self.lake_end} of the topic as it was; now {went_on}"


@dataclass(frozen=True, slots=True)
class Gap:
    """What an operator accepted as lost; when is the time of the manifest."""

    accepted_by: str
    holes: tuple[Hole, ...]
