"""Messages to Kafka: acknowledged by all replicas, each once, in order."""

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from contracts.errors import UnavailableError
from contracts.kafka_security import KafkaSecurity
from contracts.logs import log
from eventsim.arrays import numbers
from eventsim.faults import Extra, Outgoing
from eventsim.kafka_topics import size_limits

TRACED_BYTES = 64 * 1024
"""Messages of at least this size are remembered with where they came from, until acknowledged."""
BATCH_BYTES = 1_000_000
DELIVERY_SECONDS = 120
QUEUED_MESSAGES = 200_000
QUEUED_KILOBYTES = 131_072

SILENT = logging.getLogger("eventsim.kafka.client")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
"""For the client: its own lines would go to stderr between ours; errors reach us anyway."""
NOT_ALLOWED = (KafkaError.CLUSTER_AUTHORIZATION_FAILED, KafkaError.TOPIC_AUTHORIZATION_FAILED)

Origin = Mapping[str, str | int]
"""Where a message came from, as it stands in logs."""
UNTRACED: Origin = {}


class KafkaPublisher:
    """A producer that loses nothing without saying so."""

    def __init__(self, servers: str, topics: Iterable[str], partitions: int) -> None:
        """Connect, and create those of the topics that are missing.

        Raises:
            UnavailableError: No broker answers at `servers`, or it does not let us in.
            ConfigurationError: The environment's KAFKA_… variables contradict each other.
        """
        self._servers = servers
        self._failure: KafkaError | None = None
        self.refused: Counter[str] = Counter()
        """Messages by topic that are larger than Kafka takes, up to the last `serve`."""
        cluster = {
            "bootstrap.servers": servers,
            **KafkaSecurity.read(os.environ).as_librdkafka(),
        }
        least, most = size_limits(cluster, list(topics), partitions)
        self._producer = Producer(
            {
                **cluster,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 50,
                # A batch that a topic takes: what is refused is then too large by itself.
                "batch.size": min(BATCH_BYTES, least),
                "message.max.bytes": most,
                "queue.buffering.max.messages": QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": QUEUED_KILOBYTES,
                "delivery.timeout.ms": DELIVERY_SECONDS * 1000,
                # A callback for each success would double the cost of a message.
                "delivery.report.only.error": True,
                "on_delivery": self._on_failure,
            },
            logger=SILENT,
        )

    def publish(
        self,
        topic: str,
        payload: bytes,
        key: bytes | str | None,
        origin: Origin = UNTRACED,
    ) -> None:
        """Queue a message; waits while the queue is full.

        One that is larger than Kafka takes is logged with its `origin`, and counted.

        Raises:
            UnavailableError: This message or an earlier one could not be delivered.
        """
        traced = origin and len(payload) >= TRACED_BYTES
        on_delivery = partial(self._on_failure, origin=origin) if traced else self._on_failure
        while True:
            try:
                self._producer.produce(topic, payload, key, on_delivery=on_delivery)
            except BufferError:
                self._attend(self._producer.poll, 0.1)
                self._raise_failure()
            except KafkaException as error:
                self._failed(error.args[0], topic, len(payload), origin)
                if error.args[0].code() == KafkaError._FATAL:  # noqa: SLF001 - librdkafka's name
                    self._attend(self._producer.poll, 0)  # says what was behind it
                self._raise_failure()
                return
            else:
                return

    def publish_all(
        self, topic: str, payloads: Sequence[bytes], keys: Sequence[str | None]
    ) -> None:
        """Queue messages; waits while the queue is full.

        Raises:
            UnavailableError: An earlier message could not be delivered.
        """
        produce = self._producer.produce
        for payload, key in zip(payloads, keys, strict=True):
            try:
                produce(topic, payload, key)
            except (BufferError, KafkaException):
                self.publish(topic, payload, key)

    def flush(self) -> None:
        """Wait until the broker has acknowledged all messages.

        Raises:
            UnavailableError: It has not.
        """
        left = self._attend(self._producer.flush, DELIVERY_SECONDS + 5)
        self._raise_failure()
        if left:
            raise UnavailableError(f"{left} messages were not acknowledged by {self._servers}")

    def serve(self) -> None:
        """Take note of what the broker has answered.

        Raises:
            UnavailableError: A message could not be delivered.
        """
        self._attend(self._producer.poll, 0)
        self._raise_failure()

    def _attend(self, to: Callable[[float], int], seconds: float) -> int:
        """Give the client time; that it has given up for good is a failure like others."""
        try:
            return to(seconds)
        except (KafkaException, SystemError) as error:
            # Python makes it a SystemError where a message's own failure is told after it.
            cause = error.__cause__ if isinstance(error, SystemError) else error
            if not isinstance(cause, KafkaException):
                raise
            self._failure = cause.args[0]
            return 0

    def _on_failure(
        self, error: KafkaError | None, message: Message, origin: Origin = UNTRACED
    ) -> None:
        if error is not None:
            self._failed(error, message.topic() or "", len(message), origin)

    def _failed(self, error: KafkaError, topic: str, size: int, origin: Origin) -> None:
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            self.refused[topic] += 1
            log.warning("larger than Kafka takes", topic=topic, bytes=size, **origin)
        else:
            self._failure = self._failure or error

    def _raise_failure(self) -> None:
        if self._failure is not None:
            told = self._failure.str()
            if self._failure.code() in NOT_ALLOWED:
                told += "; the user that sends needs Write on the topics (deploy/kafka/acls.toml)"
            raise UnavailableError(f"Kafka at {self._servers} did not take a message: {told}")


class KafkaSink:
    """Each chunk to its topic, keyed by user, or by session for guests."""

    def __init__(self, publisher: KafkaPublisher) -> None:
        """Publish through `publisher`."""
        self._publisher = publisher

    @property
    def refused(self) -> Mapping[str, int]:
        """Messages by topic that are larger than Kafka takes."""
        return self._publisher.refused

    def write(self, outgoing: Outgoing) -> None:
        """Queue a chunk.

        Raises:
            UnavailableError: An earlier message could not be delivered.
        """
        messages = outgoing.messages
        payloads = messages.lines.texts()
        keys = numbers(messages.key).cast(pa.string()).to_pylist()
        for begin, end, extra in outgoing.parts():
            self._publisher.publish_all(messages.topic, payloads[begin:end], keys[begin:end])
            if extra is not None:
                self._publisher.publish(messages.topic, extra.payload, str(extra.key))
        self._publisher.serve()

    def write_extras(self, topic: str, extras: list[Extra]) -> None:
        """Queue messages.

        Raises:
            UnavailableError: An earlier message could not be delivered.
        """
        for extra in extras:
            self._publisher.publish(topic, extra.payload, str(extra.key))

    def flush(self) -> None:
        """Wait until all is acknowledged.

        Raises:
            UnavailableError: It was not.
        """
        self._publisher.flush()

    def close(self) -> None:
        """Wait until all is acknowledged.

        Raises:
            UnavailableError: It was not.
        """
        self._publisher.flush()
