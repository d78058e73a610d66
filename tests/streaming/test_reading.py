"""A range of a partition is read whole and no further, or it is an error."""

import itertools

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import LakeError, UnavailableError
from contracts.kafka_security import KafkaSecurity, Refusal
from streaming import reading
from streaming.checkpoint import OffsetRange
from streaming.reading import KafkaAccess, RangeReader

from .secured_broker import SecuredBroker, make_certificates

PARTITION_END = KafkaError._PARTITION_EOF
ACCESS = KafkaAccess("broker:9092", patience=0.0, security={})


class Message:
    """A message of Kafka, or an event of the client."""

    def __init__(self, offset: int, value: bytes | None = b"{}", code: int | None = None) -> None:
        self._offset = offset
        self._value = value
        self._error = None if code is None else KafkaError(code)

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        return self._value

    def error(self) -> KafkaError | None:
        return self._error


def end_of_partition(offset: int) -> Message:
    return Message(offset, code=PARTITION_END)


class Source:
    """Gives what it was given, never more at once than asked for, then nothing."""

    def __init__(self, *come: Message, held: tuple[int, int] | None = (0, 0)) -> None:
        self._come = list(come)
        self._held = held

    def consume(self, num_messages: int, _timeout: float) -> list[Message]:
        now, self._come = self._come[:num_messages], self._come[num_messages:]
        return now

    def get_watermark_offsets(self, _partition, _timeout: float) -> tuple[int, int]:
        if self._held is None:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        return self._held


def reader(source: Source, start: int, end: int, access: KafkaAccess = ACCESS) -> RangeReader:
    return RangeReader(access, OffsetRange("listen_events", 3, start, end), source, Refusal())


def offsets(chunks) -> list[int]:
    return [offset for each in chunks for offset in each.messages["offset"].to_pylist()]


@pytest.mark.parametrize(
    ("come", "expected"),
    [
        pytest.param([Message(5), Message(6), Message(7)], [5, 6, 7], id="each offset a message"),
        pytest.param([Message(5), Message(7), Message(8)], [5, 7], id="a gap inside"),
        pytest.param(
            [Message(6), end_of_partition(8)], [6], id="markers up to the partition's end"
        ),
        pytest.param([end_of_partition(8)], [], id="markers only"),
        pytest.param([Message(9)], [], id="a gap reaching beyond the end"),
        pytest.param([Message(5), Message(6), Message(8)], [5, 6], id="a marker before the end"),
        pytest.param(
            [Message(5), end_of_partition(6), Message(6), Message(7)],
            [5, 6, 7],
            id="the partition grew meanwhile",
        ),
    ],
)
def test_what_the_range_holds_is_read_and_no_more(come, expected):
    chunks = list(reader(Source(*come), 5, 8).chunks())

    assert offsets(chunks) == expected
    assert chunks[-1].end == 8


@given(
    held=st.sets(st.integers(0, 400), min_size=1),
    bounds=st.tuples(st.integers(0, 400), st.integers(0, 400)),
    chunk_messages=st.integers(1, 150),
)
def test_any_range_of_any_partition_is_read_once_and_in_order(held, bounds, chunk_messages):
    start, end = min(bounds), max(bounds)
    come = [Message(offset) for offset in sorted(held) if offset >= start]
    source = Source(*come, end_of_partition(401))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CHUNK_MESSAGES", chunk_messages)
        chunks = list(reader(source, start, end).chunks())

    assert offsets(chunks) == sorted(each for each in held if start <= each < end)
    assert chunks[-1].end == end
    for before, after in itertools.pairwise(chunks):
        assert before.end <= min([after.end, *after.messages["offset"].to_pylist()])


def test_values_come_as_sent_and_tombstones_as_null():
    come = [Message(5, b"\xff\x00"), Message(6, None), Message(7, b"")]

    (chunk,) = reader(Source(*come), 5, 8).chunks()

    assert chunk.messages.to_pylist() == [
        {"topic": "listen_events", "partition": 3, "offset": offset, "value": value}
        for offset, value in [(5, b"\xff\x00"), (6, None), (7, b"")]
    ]


def test_a_chunk_of_long_messages_has_few(monkeypatch):
    monkeypatch.setattr(reading, "AT_ONCE", 2)
    come = [Message(offset, b"x" * (reading.CHUNK_BYTES // 4)) for offset in range(10)]

    sizes = [each.messages.num_rows for each in reader(Source(*come), 0, 10).chunks()]

    assert sizes == [4, 4, 2]


@pytest.mark.parametrize(
    ("held", "told"),
    [
        pytest.param((9, 20), "offsets 5 to 8 were deleted before they landed", id="deleted"),
        pytest.param((0, 3), "begins anew at offset 0: whatever it held after offset 5", id="anew"),
        pytest.param((0, 6), "begins anew at offset 0", id="cut back in the middle of the range"),
    ],
)
@pytest.mark.parametrize("code", [KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE])
def test_offsets_that_are_gone_are_named_with_what_to_do(held, told, code):
    source = Source(Message(5), Message(6, code=code), held=held)

    with pytest.raises(LakeError, match="accept-gap --event listen_events") as caught:
        list(reader(source, 5, 8).chunks())
    assert told in str(caught.value)


def test_a_silent_kafka_is_told_with_its_last_complaint():
    source = Source(Message(5), Message(-1, code=KafkaError.TOPIC_AUTHORIZATION_FAILED))

    with pytest.raises(
        UnavailableError, match="broker:9092 sends nothing of listen_events"
    ) as told:
        list(reader(source, 5, 8).chunks())
    assert "partition 3 from offset 6 on" in str(told.value)
    assert KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED).str() in str(told.value)


def test_a_kafka_that_goes_away_while_it_is_asked_what_is_gone_is_silent():
    source = Source(Message(5, code=KafkaError._AUTO_OFFSET_RESET), held=None)

    with pytest.raises(UnavailableError, match="sends nothing"):
        list(reader(source, 5, 8).chunks())


def test_the_partitions_end_before_the_ranges_end_is_waited_at():
    """After a restart a broker may not yet show all that it holds."""
    late = [Message(5), end_of_partition(6), Message(6), Message(7)]

    assert offsets(reader(Source(*late), 5, 8).chunks()) == [5, 6, 7]
    with pytest.raises(UnavailableError):
        list(reader(Source(*late[:2]), 5, 8).chunks())


def test_certificates_travel_by_content(tmp_path):
    make_certificates(tmp_path)
    security = KafkaSecurity.read(SecuredBroker("broker:9092", tmp_path).environment)

    options = KafkaAccess.of("broker:9092", 1.0, security).security

    assert str(tmp_path) not in str(options)
    for name, file in [("ca", "ca.crt"), ("certificate", "client.crt"), ("key", "client.key")]:
        assert options[f"ssl.{name}.pem"] == (tmp_path / file).read_text()


def test_access_shows_no_secret():
    security = {"sasl.password": "s3cret"}  # pragma: allowlist secret
    access = KafkaAccess("broker:9092", 1.0, security)

    assert "s3cret" not in repr(access)


def test_an_open_cluster_needs_no_options():
    assert KafkaAccess.of("broker:9092", 1.0, KafkaSecurity()).security == {}
