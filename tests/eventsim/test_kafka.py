"""What the broker holds after a simulation and after a replay."""

import gzip
import json
import time
from concurrent.futures import Future
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from eventsim.__main__ import main
from eventsim.kafka import KafkaPublisher
from eventsim.kafka_topics import (
    LARGEST_MESSAGE,
    SIZE_LIMIT,
    _create_missing,
    _size_limit,
    size_limits,
)
from eventsim.topics import TOPICS

pytestmark = pytest.mark.integration


@pytest.fixture
def arrived(kafka):
    """Messages that came since the test began: (key, value) by topic."""
    admin = AdminClient({"bootstrap.servers": kafka})
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "eventsim-tests"})

    def ends(topic: str) -> dict[int, int]:
        partitions = consumer.list_topics(topic, timeout=20).topics[topic].partitions
        latest = {TopicPartition(topic, number): OffsetSpec.latest() for number in partitions}
        found = admin.list_offsets(latest, request_timeout=30)
        return {place.partition: result.result().offset for place, result in found.items()}

    def ends_once_there_are_leaders(topic: str) -> dict[int, int]:
        deadline = time.monotonic() + 30
        while True:
            try:
                return ends(topic)
            except KafkaException:
                if time.monotonic() > deadline:
                    raise

    before = {topic: ends_once_there_are_leaders(topic) for topic in TOPICS}

    def read(topic: str) -> list[tuple[bytes | None, bytes]]:
        after = ends(topic)
        wanted = sum(after.values()) - sum(before[topic].values())
        consumer.assign(
            [TopicPartition(topic, number, begin) for number, begin in before[topic].items()]
        )
        messages = consumer.consume(wanted, timeout=30) if wanted else []
        assert len(messages) == wanted
        return [(message.key(), message.value()) for message in messages]

    yield read
    consumer.close()


def test_kafka_holds_what_the_files_hold(kafka, arrived, tmp_path):
    report = tmp_path / "report.json"
    files = tmp_path / "events"
    arguments = ["--nusers", "200", "--poison", "0.02", "--resend", "0.02"]

    code = main([*arguments, "--kafka", kafka, "--output", str(files), "--report", str(report)])

    assert code == 0
    counts = json.loads(report.read_text())["topics"]
    for topic in TOPICS:
        messages = arrived(topic)
        lines = (files / f"{topic}.json").read_bytes().split(b"\n")[:-1]
        assert sorted(value for _, value in messages) == sorted(lines)
        assert len(messages) == counts[topic]["messages"]


def test_a_replay_sends_each_line_as_it_stands(kafka, arrived, tmp_path):
    lines = [
        b'{"userId": 7, "sessionId": 8, "ts": 1704067200000}',
        b'{"userId": "", "sessionId": 8}',
        b'{"sessionId"',
        b'"\xff\xfe"',
    ]
    (tmp_path / "auth_events.json.gz").write_bytes(gzip.compress(b"\n".join(lines)))

    assert main(["replay", str(tmp_path), "--kafka", kafka]) == 0
    assert sorted(arrived("auth_events"), key=lambda message: lines.index(message[1])) == [
        (b"7", lines[0]),
        (b"8", lines[1]),
        (None, lines[2]),
        (None, lines[3]),
    ]


def test_a_message_larger_than_kafka_takes_is_counted_and_the_others_go_on(
    kafka, arrived, tmp_path, monkeypatch
):
    large = b'{"sessionId": 8, "secret": "%s"}' % (b"x" * 3_000_000)
    good = [b'{"sessionId": %d}' % number for number in range(9)]
    folder, report = tmp_path / "events", tmp_path / "report.json"
    folder.mkdir()
    logged = Mock()
    monkeypatch.setattr("eventsim.kafka.log", logged)
    (folder / "auth_events.json").write_bytes(b"\n".join([*good[:5], large, *good[5:]]))

    assert main(["replay", str(folder), "--kafka", kafka, "--report", str(report)]) == 0

    assert sorted(value for _, value in arrived("auth_events")) == good
    counts = json.loads(report.read_text())["topics"]["auth_events"]
    assert (counts["messages"], counts["refused"]) == (9, 1)
    assert logged.warning.call_args.kwargs == {
        "topic": "auth_events", "bytes": len(large), "file": "auth_events.json", "line": 6,
    }  # fmt: skip


def test_what_only_the_broker_finds_too_large_is_counted_too(kafka):
    admin = AdminClient({"bootstrap.servers": kafka})
    limits = {"small_events": "20000", "large_events": "2000000"}
    made = admin.create_topics(
        [NewTopic(topic, 1, config={"max.message.bytes": size}) for topic, size in limits.items()]
    )
    for each in made.values():
        each.result(30)
    publisher = KafkaPublisher(kafka, list(limits), 1)

    for size in (10, 100_000, 50, 30_000, 19_000, 19_000, 70):
        publisher.publish("small_events", b"x" * size, None, {"line": size})
    publisher.publish("large_events", b"x" * 100_000, None)
    publisher.flush()

    assert publisher.refused == {"small_events": 2}


class Described:
    """An admin that answers with these, one after another."""

    def __init__(self, *answers: dict | int) -> None:
        self.answers = list(answers)

    def describe_configs(self, resources):
        answer, described = self.answers.pop(0), Future()
        if isinstance(answer, int):
            described.set_exception(KafkaException(KafkaError(answer)))
        else:
            described.set_result(answer)
        return {resources[0]: described}


def test_a_topic_whose_settings_may_not_be_read_is_published_to_all_the_same():
    assert _size_limit(Described(KafkaError.TOPIC_AUTHORIZATION_FAILED), "new") == LARGEST_MESSAGE


def test_a_new_topic_of_which_the_broker_has_not_heard_yet_is_asked_for_again(monkeypatch):
    unheard, limit = KafkaError.UNKNOWN_TOPIC_OR_PART, {SIZE_LIMIT: SimpleNamespace(value="7")}

    assert _size_limit(Described(unheard, unheard, limit), "new") == 7

    monkeypatch.setattr("eventsim.kafka_topics.CONNECT_SECONDS", 0)
    with pytest.raises(KafkaException):
        _size_limit(Described(unheard), "gone")


def test_a_topic_that_another_has_just_created_is_used(kafka):
    admin = AdminClient({"bootstrap.servers": kafka})
    known = admin.list_topics(timeout=30)
    admin.list_topics = lambda **_: known

    for _ in range(2):
        _create_missing(admin, ["created_twice"], 1)

    assert size_limits({"bootstrap.servers": kafka}, ["created_twice"], 1)[0] == LARGEST_MESSAGE


def test_an_unreachable_broker_is_one_clear_line(monkeypatch, capsys):
    monkeypatch.setattr("eventsim.kafka_topics.CONNECT_SECONDS", 0.5)

    assert main(["--nusers", "1", "--kafka", "127.0.0.1:1"]) == 1
    error = capsys.readouterr().err.strip()
    assert error.startswith("eventsim: no Kafka broker answers at 127.0.0.1:1")
    assert "\n" not in error
