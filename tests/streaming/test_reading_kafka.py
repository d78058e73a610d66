"""Ranges are read from a real broker as they were planned, whatever stands in the partition."""

import itertools
import uuid
from collections.abc import Sequence
from contextlib import suppress

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from contracts.errors import LakeError, UnavailableError
from streaming import reading
from streaming.checkpoint import OffsetRange
from streaming.kafka import Cluster
from streaming.reading import Chunk, KafkaAccess, chunks_of

pytestmark = pytest.mark.integration

WAIT = 60.0
TRIES = 6


@pytest.fixture
def access(kafka) -> KafkaAccess:
    return KafkaAccess(kafka, WAIT, {})


@pytest.fixture
def topic(kafka) -> str:
    """A topic of the test's own, with two partitions; where no leader is found, another one."""
    for _ in range(TRIES):
        name = f"range-{uuid.uuid4().hex[:8]}"
        with suppress(UnavailableError):
            Cluster(kafka).create_missing([name], 2)
            return name
    raise UnavailableError(f"no leader was found for any of {TRIES} topics")


def send(address: str, topic: str, values: Sequence[bytes | None], partition: int = 0) -> None:
    producer = Producer({"bootstrap.servers": address, "message.max.bytes": 2_000_000})
    for value in values:
        producer.produce(topic, value, partition=partition)
    assert producer.flush(WAIT) == 0


def read(access: KafkaAccess, topic: str, start: int, end: int, partition: int = 0) -> list[Chunk]:
    return list(chunks_of(access, OffsetRange(topic, partition, start, end)))


def rows(chunks: list[Chunk], name: str) -> list:
    return [value for each in chunks for value in each.messages[name].to_pylist()]


def test_a_range_in_the_middle_is_read_of_its_partition_alone(access, kafka, topic):
    send(kafka, topic, [b"%d" % each for each in range(1000)], partition=1)
    send(kafka, topic, [b"other"] * 1000, partition=0)

    chunks = read(access, topic, 137, 801, partition=1)

    assert rows(chunks, "offset") == list(range(137, 801))
    assert rows(chunks, "value") == [b"%d" % each for each in range(137, 801)]
    assert set(rows(chunks, "partition")) == {1}
    assert chunks[-1].end == 801


def test_markers_of_transactions_are_no_data_and_aborted_messages_are(access, kafka, topic):
    producer = Producer({"bootstrap.servers": kafka, "transactional.id": topic})
    producer.init_transactions(WAIT)
    for end in (producer.commit_transaction, producer.abort_transaction):
        producer.begin_transaction()
        producer.produce(topic, b"a", partition=0)
        producer.produce(topic, b"b", partition=0)
        producer.flush(WAIT)
        end(WAIT)
    held = Cluster(kafka, WAIT).held({topic: 2})[topic][0]
    assert held.end == 6

    for start, end in itertools.combinations(range(held.end + 1), 2):
        chunks = read(access, topic, start, end)

        assert rows(chunks, "offset") == [each for each in (0, 1, 3, 4) if start <= each < end]
        assert chunks[-1].end == end


def test_tombstones_and_the_longest_messages_come_as_they_are(access, kafka, topic):
    values = [None, b"", *(bytes([each]) * 1_900_000 for each in range(30)), b"\xff", None]
    send(kafka, topic, values)

    chunks = read(access, topic, 0, len(values))

    assert rows(chunks, "value") == values
    assert len(chunks) > 1, "so many bytes are never held at once"


def test_offsets_deleted_before_they_were_read_are_named(access, kafka, topic):
    send(kafka, topic, [b"x"] * 10)
    delete_before(kafka, topic, 4)

    with pytest.raises(LakeError, match="offsets 2 to 3 were deleted before they landed"):
        read(access, topic, 2, 10)


def test_retention_that_passes_while_a_range_is_read_is_named(access, kafka, topic, monkeypatch):
    monkeypatch.setattr(reading, "AT_ONCE", 1)
    monkeypatch.setattr(reading, "CHUNK_MESSAGES", 1)
    few = {"queued.min.messages": 1, "fetch.message.max.bytes": 1000}
    monkeypatch.setattr(reading, "_OPTIONS", reading._OPTIONS | few)
    for each in range(60):
        send(kafka, topic, [b"%d" % each * 1000])
    chunks = chunks_of(access, OffsetRange(topic, 0, 0, 60))
    next(chunks)

    delete_before(kafka, topic, 59)

    with pytest.raises(LakeError, match="offsets 0 to 58 were deleted"):
        list(chunks)


def test_offsets_beyond_what_kafka_holds_are_a_topic_that_begins_anew(access, kafka, topic):
    send(kafka, topic, [b"x"] * 3)

    with pytest.raises(LakeError, match="begins anew at offset 0"):
        read(access, topic, 5, 9)


def test_a_kafka_that_is_away_is_given_up_when_patience_ends(topic):
    nobody = KafkaAccess("127.0.0.1:1", 0.5, {})

    with pytest.raises(UnavailableError, match=r"127.0.0.1:1 sends nothing of .* for 0.5 s"):
        read(nobody, topic, 0, 1)


def delete_before(address: str, topic: str, offset: int) -> None:
    """What retention does when it deletes messages."""
    admin = AdminClient({"bootstrap.servers": address})
    for answer in admin.delete_records([TopicPartition(topic, 0, offset)]).values():
        answer.result(WAIT)
