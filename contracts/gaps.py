"""Gaps: offsets that Kafka no longer holds and that were never landed, accepted by an operator.

A gap takes a number of its own in the log of manifests, so that the chain of offsets goes on: a
reader that adds up the log sees batches and gaps, and together they are everything.
"""

from dataclasses import dataclass
from typing import Literal

Cause = Literal["deleted", "reset", "gone"]
"""Kafka deleted messages (retention); offsets begin anew (a new topic of the same name, or a
partition that was cut back); the partition is no more."""


@dataclass(frozen=True, slots=True)
class Hole:
    """One Kafka partition whose offsets do not go on where the lake ends.

    `lake_end` is the first offset that was never landed, `resumes_at` the first one that Kafka
    holds now (None if the partition is gone). How many messages were lost where offsets begin
    anew nobody can say; what Kafka holds there is landed from its beginning, and copies of what
    landed before are known by their identity.
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
        if self.cause == "gone":
            return f"{place} is gone; it had landed up to offset {self.lake_end}"
        if self.cause == "reset":
            return (
                f"{place} begins anew at offset {self.resumes_at}: whatever it held after offset "
                f"{self.lake_end} is lost"
            )
        last = (self.resumes_at or 0) - 1
        return f"{place}: offsets {self.lake_end} to {last} were deleted before they landed"


@dataclass(frozen=True, slots=True)
class Gap:
    """What an operator accepted as lost; when is the time of the manifest."""

    accepted_by: str
    holes: tuple[Hole, ...]
