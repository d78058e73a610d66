"""Reading a range of a Kafka partition inside a task: all of it, or an error.

No group is joined and nothing is committed to Kafka: which offsets a batch has was decided before.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, cast

import numpy as np
import pyarrow as pa
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from contracts.errors import MusicFlowError, UnavailableError
from contracts.gaps import Hole
from contracts.kafka_security import KafkaSecurity, Refusal
from streaming.checkpoint import OffsetRange
from streaming.guards import holes, no_longer_held
from streaming.kafka import SILENT, Held

AT_ONCE = 100
"""Messages asked for at once: each may be as long as Kafka lets it be. More is no faster."""
CHUNK_MESSAGES = 20_000
CHUNK_BYTES = 32 * 2**20
"""A chunk ends when it has so many messages, or bytes; it is held several times when judged."""
LOOKS_EVERY = 0.2
"""Seconds after which a silent Kafka is looked at again."""

_OPTIONS = {
    "group.id": "musicflow-landing",  # a name that the client insists on, and never uses
    "enable.auto.commit": False,
    "auto.offset.reset": "error",
    "enable.partition.eof": True,
    "isolation.level": "read_uncommitted",
    # What is fetched beyond the range is thrown away, so little is fetched ahead, but often.
    "queued.min.messages": 20_000,
    "queued.max.messages.kbytes": 16 * 1024,
    "fetch.queue.backoff.ms": 10,
}
_OUT_OF_RANGE = (KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE)  # noqa: SLF001 - librdkafka's own codes are spelt so


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """How a task reaches Kafka; it travels to the workers."""

    address: str
    patience: float
    """Seconds that Kafka may be silent before a task gives up."""
    security: dict[str, str] = field(repr=False)
    """librdkafka's options, secrets among them."""

    @classmethod
    def of(cls, address: str, patience: float, security: KafkaSecurity) -> Self:
        """Access from any machine: it needs none of our files."""
        return cls(address, patience, security.as_librdkafka(by_content=True))


@dataclass(frozen=True, slots=True)
class Chunk:
    """Messages that follow each other."""

    messages: pa.RecordBatch
    """Columns topic, partition, offset and value; there may be none."""
    end: int
    """All that Kafka holds before this offset has been read."""


class Message(Protocol):
    """A `confluent_kafka.Message`: of Kafka, or of what happened."""

    def error(self) -> KafkaError | None:
        """What happened; None if it is one of Kafka's."""

    def offset(self) -> int:
        """Where it stands in its partition."""

    def value(self) -> bytes | None:
        """What was sent; None for a tombstone."""


class Source(Protocol):
    """A `confluent_kafka.Consumer`, as far as it is needed here."""

    def consume(self, num_messages: int, timeout: float) -> list[Message]:
        """The next messages, and what happened."""

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        """What Kafka holds now."""


@contextmanager
def consumer_of(access: KafkaAccess, wanted: OffsetRange, refusal: Refusal) -> Iterator[Consumer]:
    """A consumer that stands at the beginning of the range.

    Raises:
        UnavailableError: The client refuses its options.
    """
    options: dict[str, Any] = {
        "bootstrap.servers": access.address, "error_cb": refusal, **_OPTIONS, **access.security
    }  # fmt: skip
    try:
        consumer = Consumer(options, logger=SILENT)
    except KafkaException as error:
        raise UnavailableError(
            f"no worker can read from Kafka at {access.address}: {error.args[0].str()}"
        ) from error
    try:
        consumer.assign([TopicPartition(wanted.topic, wanted.partition, wanted.start)])
        yield consumer
    finally:
        consumer.close()


def chunks_of(access: KafkaAccess, wanted: OffsetRange) -> Iterator[Chunk]:
    """All messages of the range, in order; the last chunk reaches its end.

    Raises:
        LakeError: Kafka no longer holds some of these offsets.
        UnavailableError: Kafka was silent for longer than we are patient.
    """
    refusal = Refusal()
    with consumer_of(access, wanted, refusal) as consumer:
        source = cast("Source", consumer)
        yield from RangeReader(access, wanted, source, refusal).chunks()


class RangeReader:
    """Reads one range from a consumer that stands at its beginning."""

    def __init__(
        self, access: KafkaAccess, wanted: OffsetRange, source: Source, refusal: Refusal
    ) -> None:
        self._access = access
        self._wanted = wanted
        self._source = source
        self._refusal = refusal
        self._position = wanted.start
        self._heard_at = time.monotonic()
        self._complaint = "no answer"

    def chunks(self) -> Iterator[Chunk]:
        """As `chunks_of`."""
        values: list[bytes | None] = []
        offsets: list[int] = []
        size = 0
        while self._position < self._wanted.end:
            messages = self._next()
            new = [each.value() for each in messages]
            values += new
            offsets += [each.offset() for each in messages]
            size += sum(map(len, filter(None, new)))
            if len(values) >= CHUNK_MESSAGES or size >= CHUNK_BYTES:
                yield self._chunk(values, offsets)
                values, offsets, size = [], [], 0
        yield self._chunk(values, offsets)

    def _next(self) -> Sequence[Message]:
        """The next messages of the range, if any have come."""
        before, end = self._position, self._wanted.end
        # Exactly as many as are left: the client would wait for others that never come.
        come = self._source.consume(min(AT_ONCE, end - before), LOOKS_EVERY)
        messages = [each for each in come if each.error() is None]
        if len(messages) < len(come):
            for each in come:
                if (error := each.error()) is not None:
                    self._take_notice(error, each.offset())
        if messages:
            self._position = max(self._position, messages[-1].offset() + 1)
        if self._position > before:
            self._heard_at = time.monotonic()
        elif time.monotonic() - self._heard_at > self._access.patience:
            raise self._silent()
        if self._position > end:
            self._position = end
            return [each for each in messages if each.offset() < end]
        return messages

    def _take_notice(self, error: KafkaError, offset: int) -> None:
        """What is no message: the partition's end for now, or what the client complains of."""
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - as above
            # Offsets before it that no message has are markers, or were compacted.
            self._position = max(self._position, offset)
        elif error.code() in _OUT_OF_RANGE:
            raise self._lost()
        else:
            self._complaint = error.str()

    def _chunk(self, values: list[bytes | None], offsets: list[int]) -> Chunk:
        count, wanted = len(values), self._wanted
        columns = {
            "topic": pa.repeat(pa.scalar(wanted.topic), count),
            "partition": pa.repeat(pa.scalar(wanted.partition, pa.int64()), count),
            "offset": pa.array(np.array(offsets, dtype=np.int64)),
            "value": pa.array(values, pa.binary()),
        }
        return Chunk(pa.record_batch(columns), self._position)

    def _silent(self) -> UnavailableError:
        wanted, access = self._wanted, self._access
        return UnavailableError(
            f"Kafka at {access.address} sends nothing of {wanted.topic} partition "
            f"{wanted.partition} from offset {self._position} on, for {access.patience:g} s "
            f"({self._refusal.advice() or self._complaint}): start landing again when it does"
        )

    def _lost(self) -> MusicFlowError:
        """The error that names what Kafka no longer holds."""
        topic, partition, start = self._wanted.topic, self._wanted.partition, self._wanted.start
        place = TopicPartition(topic, partition)
        try:
            held = Held(*self._source.get_watermark_offsets(place, self._access.patience))
        except KafkaException:
            return self._silent()
        found = list(holes(topic, {partition: start}, {partition: held}, is_same_topic=True))
        reset = Hole(topic, partition, start, held.start, "reset")
        return no_longer_held(topic, found or [reset])
