"""What a follower's task does with its range of Kafka: read it, judge it as landing does."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from contracts.errors import LakeError, UnavailableError
from contracts.events import MUSIC_EVENTS
from contracts.suppression import NOBODY, Suppressions
from streaming.checkpoint import OffsetRange
from streaming.judge import Judge
from streaming.limits import Limits
from streaming.reading import KafkaAccess, chunks_of
from streaming.suppress import SuppressingJudge


@dataclass(frozen=True, slots=True)
class Judgement:
    """By what the messages of a batch are judged; it travels to the workers."""

    batch_at: datetime
    limits: Limits
    suppressions: Suppressions = NOBODY


class JudgedRange:
    """The accepted rows of a range of `music_events`; rejects are landing's, here only counted."""

    def __init__(self, access: KafkaAccess, judgement: Judgement, wanted: OffsetRange) -> None:
        """Make ready; nothing is read yet."""
        self.rejected = 0
        self._access = access
        self._judgement = judgement
        self._wanted = wanted

    def tables(self) -> Iterator[pa.Table]:
        """The accepted rows, chunk by chunk, with the columns of the lake.

        Raises:
            UnavailableError: Kafka does not send them all, or no longer has them.
        """
        judge = SuppressingJudge(
            Judge(MUSIC_EVENTS, self._judgement.limits), self._judgement.suppressions
        )
        try:
            for chunk in chunks_of(self._access, self._wanted):
                if not chunk.messages.num_rows:
                    continue
                verdict = judge(chunk.messages, self._judgement.batch_at)
                self.rejected += verdict.rejected.num_rows
                if verdict.accepted.num_rows:
                    yield verdict.accepted
        except LakeError as error:
            raise UnavailableError(
                f"Kafka no longer holds all of {self._wanted.topic} partition "
                f"{self._wanted.partition} from offset {self._wanted.start} on"
            ) from error
