"""What a follower brings the events to, and what it is told of each batch."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pyspark import SparkContext

from streaming.checkpoint import PlannedBatch
from streaming.kafka import Held
from streaming.reading import KafkaAccess
from streaming.serving.judged import Judgement


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of the follower's query."""

    writer: str
    """Id of its checkpoint."""
    planned: PlannedBatch
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class Taken:
    """What a batch came to."""

    accepted: int
    inserted: int
    """New ones among them."""
    rejected: int
    newest: datetime | None = None
    """Time of the newest new event."""


class Sink(Protocol):
    """Where the events go. It alone knows how far it has come; the checkpoint has to follow."""

    @property
    def name(self) -> str:
        """Of the query, its checkpoint's folder, and in metrics."""

    def open(self, held: Mapping[int, Held], topic_id: str | None) -> Mapping[int, int]:
        """Make ready; where to go on, by partition, all of which Kafka holds.

        Raises:
            MusicFlowError: It is away, or not as it must be.
        """

    def take(self, spark: SparkContext, access: KafkaAccess, batch: Batch) -> Taken | None:
        """Take a batch in, whole or not at all; None if it was before.

        Raises:
            MusicFlowError: It was not taken in.
        """

    def close(self) -> None:
        """Let go of what `open` opened; called in any state."""
