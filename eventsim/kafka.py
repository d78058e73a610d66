"""Messages to Kafka: acknowledged by all replicas, each once, in order."""

from collections.abc import Iterable, Sequence

import pyarrow as pa
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from contracts.errors import UnavailableError
from eventsim.faults import Extra, Outgoing

LARGEST_MESSAGE = 2 * 1024 * 1024
CONNECT_SECONDS = 15
DELIVERY_SECONDS = 120
QUEUED_MESSAGES = 200_000
QUEUED_KILOBYTES = 131_072


class KafkaPublisher:
    """A producer that loses nothing without saying so."""

    def __init__(self, servers: str, topics: Iterable[str], partitions: int) -> None:
        """Connect, and create those of the topics that are missing.

        Raises:
            UnavailableError: No broker answers at `servers`.
        """
        self._servers = servers
        self._failure: KafkaError | None = None
        _create_missing(servers, topics, partitions)
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 50,
                "batch.size": 1_000_000,
                "message.max.bytes": LARGEST_MESSAGE,
                "queue.buffering.max.messages": QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": QUEUED_KILOBYTES,
                "delivery.timeout.ms": DELIVERY_SECONDS * 1000,
                # A callback for each success would double the cost of a message.
                "delivery.report.only.error": True,
                "on_delivery": self._on_failure,
                "log_level": 0,
            }
        )

    def publish(self, topic: str, payload: bytes, key: bytes | str | None) -> None:
        """Queue a message; waits while the queue is full.

        Raises:
            UnavailableError: An earlier message could not be delivered.
        """
        while True:
            try:
                self._producer.produce(topic, payload, key)
            except BufferError:
                self._producer.poll(0.1)
                self._raise_failure()
            except KafkaException as error:
                raise self._refused(topic, len(payload), error) from error
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
        left = self._producer.flush(DELIVERY_SECONDS + 5)
        self._raise_failure()
        if left:
            raise UnavailableError(f"{left} messages were not acknowledged by {self._servers}")

    def serve(self) -> None:
        """Take note of what the broker has answered.

        Raises:
            UnavailableError: A message could not be delivered.
        """
        self._producer.poll(0)
        self._raise_failure()

    def _on_failure(self, error: KafkaError | None, _: Message) -> None:
        self._failure = error or self._failure

    def _refused(self, topic: str, size: int, error: KafkaException) -> UnavailableError:
        reason = error.args[0].str() if error.args else str(error)
        return UnavailableError(f"a message of {size:,} bytes cannot go to {topic}: {reason}")

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise UnavailableError(
                f"Kafka at {self._servers} did not take a message: {self._failure.str()}"
            )


class KafkaSink:
    """Each chunk to its topic, keyed by user, or by session for guests."""

    def __init__(self, publisher: KafkaPublisher) -> None:
        """Publish through `publisher`."""
        self._publisher = publisher

    def write(self, outgoing: Outgoing) -> None:
        """Queue a chunk.

        Raises:
            UnavailableError: An earlier message could not be delivered.
        """
        messages = outgoing.messages
        payloads = messages.lines.texts()
        keys = pa.array(messages.key).cast(pa.string()).to_pylist()
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


def _create_missing(servers: str, topics: Iterable[str], partitions: int) -> None:
    admin = AdminClient({"bootstrap.servers": servers, "log_level": 0})
    try:
        standing = admin.list_topics(timeout=CONNECT_SECONDS).topics
        missing = [
            NewTopic(
                topic,
                num_partitions=partitions,
                config={
                    "message.timestamp.type": "LogAppendTime",
                    "max.message.bytes": str(LARGEST_MESSAGE),
                },
            )
            for topic in topics
            if topic not in standing
        ]
        for created in admin.create_topics(missing).values() if missing else ():
            created.result(CONNECT_SECONDS)
    except KafkaException as error:
        reason = error.args[0].str() if error.args else str(error)
        raise UnavailableError(
            f"no Kafka broker answers at {servers} ({reason}): start one, or give --kafka HOST:PORT"
        ) from error
