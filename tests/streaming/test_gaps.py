"""What Kafka lost before it landed: refused, accepted by an operator, on record for ever."""

import threading
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import ConflictError, LakeError, UnavailableError
from contracts.events import LISTEN_EVENTS
from contracts.gaps import Gap
from contracts.manifests import Manifest, ManifestLog, PartitionRange
from contracts.store import FolderStore
from streaming.__main__ import main
from streaming.broker import running_broker
from streaming.gaps import accept_gaps, gap_manifest
from streaming.guards import holes
from streaming.kafka import Cluster, Held
from streaming.lake_record import claim
from streaming.landing import land
from streaming.settings import BrokerSettings, LandingSettings
from streaming.tail import LogTail, entries_needed

from .messages import BATCH_AT, listen

TOPIC = LISTEN_EVENTS.name
WAIT = 60.0


def landed(seq: int, ends: dict[int, int]) -> Manifest:
    """A stream manifest that ends there."""
    return Manifest(
        event=TOPIC, seq=seq, kind="stream", writer="w", batch=seq, batch_at=BATCH_AT,
        committed_at=BATCH_AT, contract_version=1,
        offsets=tuple(PartitionRange(TOPIC, p, 0, end, end, 0, 0) for p, end in ends.items()),
        accepted=sum(ends.values()), rejected=0, rejected_by_reason={}, files=(), rejected_files=(),
    )  # fmt: skip


@given(
    ends=st.dictionaries(st.integers(0, 3), st.integers(0, 9), min_size=1),
    held=st.dictionaries(st.integers(0, 3), st.tuples(st.integers(0, 9), st.integers(0, 9))),
    is_same=st.booleans(),
)
def test_after_a_gap_everything_fits_again(tmp_path_factory, ends, held, is_same):
    log = ManifestLog(FolderStore(tmp_path_factory.mktemp("lake")), TOPIC)
    log.append(landed(1, ends))
    tail = LogTail(log)
    there = {p: Held(start, start + count) for p, (start, count) in held.items()}
    found = tuple(holes(TOPIC, tail.ends, there, is_same_topic=is_same))

    log.append(gap_manifest(TOPIC, tail.seq, tail.ends, Gap("an operator", found)))
    tail.refresh()

    assert list(holes(TOPIC, tail.ends, there, is_same_topic=True)) == []
    ranges = log.read(2).offsets
    assert all(each.end - each.start == each.missing for each in ranges)
    lost = {each.partition: each.missing for each in found if each.cause == "deleted"}
    assert {each.partition: each.missing for each in ranges if each.missing} == lost
    assert LogTail(log).ends == tail.ends


class Shortened:
    """A cluster that no longer holds what comes after offset 9."""

    def __init__(self, *_, **__) -> None:
        pass

    def partitions_of(self, topics):
        return dict.fromkeys(topics, 1)

    def held(self, partitions):
        return {topic: {0: Held(20, 30)} for topic in partitions}

    def topic_ids(self, _):
        return {}


def test_a_gap_keeps_how_long_the_list_of_forgotten_users_was(tmp_path, monkeypatch):
    monkeypatch.setattr("streaming.gaps.Cluster", Shortened)
    settings = LandingSettings.read(home=tmp_path, lake_folder=str(tmp_path / "lake"), kafka="k:1")
    store = FolderStore(tmp_path / "lake")
    claim(store)
    log = ManifestLog(store, TOPIC)
    log.append(replace(landed(1, {0: 9}), suppressions=3))

    accept_gaps(settings, [LISTEN_EVENTS], "Ada", really=True, show=lambda _: None)

    assert (log.read(2).kind, log.read(2).suppressions) == ("gap", 3)
    assert entries_needed(log) == 3


def test_behind_a_gap_that_does_not_know_the_list_the_log_is_searched_on(tmp_path):
    log = ManifestLog(FolderStore(tmp_path), TOPIC)
    log.append(replace(landed(1, {0: 9}), suppressions=3))
    for seq in (1, 2):
        log.append(gap_manifest(TOPIC, seq, {0: 9}, Gap("Ada", ())))

    tail = LogTail(log)

    assert (tail.stream.seq, tail.needed, entries_needed(log)) == (3, 3, 3)


@pytest.fixture(scope="module")
def address(tmp_path_factory, broker_settings):
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("gaps-broker"),
        cache_folder=broker_settings.cache,
        port=0,
        partitions=2,
    )
    with running_broker(settings) as (address, _):
        yield address


@pytest.fixture
def admin(address) -> AdminClient:
    return AdminClient({"bootstrap.servers": address})


@pytest.fixture
def settings(tmp_path, address, broker_settings) -> LandingSettings:
    return LandingSettings.read(
        home=tmp_path / "home",
        cache_folder=broker_settings.cache,
        kafka=address,
        start="2026-01-01",
        trigger="1 second",
    )


@pytest.fixture
def land_once(settings, spark):
    def run() -> None:
        open_session = lambda _: nullcontext(spark)  # noqa: E731  short enough
        land(settings, [LISTEN_EVENTS], threading.Event(), once=True, session=open_session)

    return run


def send(address: str, partition: int, count: int) -> None:
    producer = Producer({"bootstrap.servers": address})
    for number in range(count):
        producer.produce(TOPIC, listen(number), partition=partition)
    assert producer.flush(WAIT) == 0


def delete_before(admin: AdminClient, partition: int, offset: int) -> None:
    """What retention does when it deletes messages."""
    order = admin.delete_records([TopicPartition(TOPIC, partition, offset)])
    for answer in order.values():
        answer.result(WAIT)


def create_anew(admin: AdminClient, address: str, partitions: int) -> None:
    """Delete the topic and create it; where no leader is found for it, once more."""
    deadline = time.monotonic() + 2 * WAIT
    while True:
        for answer in admin.delete_topics([TOPIC], operation_timeout=WAIT).values():
            answer.result(WAIT)
        while TOPIC in Cluster(address).partitions():
            assert time.monotonic() < deadline
        try:
            Cluster(address).create_missing([TOPIC], partitions)
        except UnavailableError:
            assert time.monotonic() < deadline
        else:
            return


def accept_gap(settings: LandingSettings, *arguments: str):
    options = ["--event", TOPIC, "--kafka", settings.kafka, "--home", str(settings.home)]
    return CliRunner().invoke(main, ["accept-gap", *options, *arguments])


def log_of(settings: LandingSettings) -> list[Manifest]:
    return list(ManifestLog(FolderStore(Path(settings.lake)), TOPIC).after(0))


def ranges(manifest: Manifest) -> dict[int, tuple[int, int, int, int]]:
    return {
        each.partition: (each.start, each.end, each.accepted, each.missing)
        for each in manifest.offsets
    }


@pytest.mark.integration
def test_messages_that_expired_are_refused_then_accepted_and_stay_on_record(
    settings, address, admin, land_once
):
    send(address, 0, 5)
    send(address, 1, 5)
    land_once()
    ends = log_of(settings)[0].end_offsets()
    send(address, 0, 4)
    delete_before(admin, 0, ends[0] + 3)

    with pytest.raises(LakeError, match=f"offsets {ends[0]} to {ends[0] + 2} were deleted"):
        land_once()
    shown = accept_gap(settings)
    assert "nothing was changed" in shown.output
    assert len(log_of(settings)) == 1
    accepted = accept_gap(settings, "--yes", "--by", "Ada")
    assert accepted.exit_code == 0, accepted.output
    land_once()

    gap, batch = log_of(settings)[1:]
    assert (gap.kind, gap.gap.accepted_by) == ("gap", "Ada")
    assert ranges(gap) == {
        0: (ends[0], ends[0] + 3, 0, 3),
        1: (ends[1], ends[1], 0, 0),
    }
    assert ranges(batch)[0] == (ends[0] + 3, ends[0] + 4, 1, 0)
    assert "nothing is missing" in accept_gap(settings, "--yes").output


def away(*_: object) -> None:
    raise UnavailableError("no worker is there")


@pytest.mark.integration
def test_what_expires_before_a_first_batch_is_landed_can_be_accepted_too(
    settings, address, admin, land_once, monkeypatch
):
    send(address, 0, 5)
    first = Cluster(address).held({TOPIC: 1})[TOPIC][0].start
    with monkeypatch.context() as planned_only:
        planned_only.setattr("streaming.query.land_on_workers", away)
        with pytest.raises(UnavailableError, match="no worker"):
            land_once()
    delete_before(admin, 0, first + 3)

    with pytest.raises(LakeError, match=f"offsets {first} to {first + 2} were deleted"):
        land_once()
    assert accept_gap(settings, "--yes", "--by", "Ada").exit_code == 0
    land_once()

    gap, batch = log_of(settings)
    assert ranges(gap)[0] == (first, first + 3, 0, 3)
    assert ranges(batch)[0][0] == first + 3


@pytest.mark.integration
@pytest.mark.parametrize(
    ("partitions", "count"),
    [
        pytest.param(2, 1, id="and holds less"),
        pytest.param(2, 40, id="and has outgrown the old one"),
        pytest.param(1, 1, id="with fewer partitions"),
    ],
)
def test_a_topic_created_anew_is_refused_then_landed_from_its_beginning(
    settings, admin, land_once, partitions, count
):
    address = settings.kafka
    create_anew(admin, address, 2)
    send(address, 0, 7)
    send(address, 1, 7)
    land_once()
    create_anew(admin, address, partitions)
    send(address, 0, count)

    with pytest.raises(LakeError, match="partition 0 begins anew at offset 0: whatever it held"):
        land_once()
    assert accept_gap(settings, "--yes", "--by", "Ada").exit_code == 0
    land_once()
    land_once()

    gap, batch = log_of(settings)[1:]
    assert [each.cause for each in gap.gap.holes] == [
        "reset",
        "reset" if partitions == 2 else "gone",
    ]
    assert ranges(gap) == dict.fromkeys(range(partitions), (0, 0, 0, 0))
    assert ranges(batch)[0] == (0, count, count, 0)


@pytest.mark.integration
def test_a_gap_is_never_accepted_with_the_checkpoint_of_another_lake(
    settings, address, admin, land_once, tmp_path
):
    create_anew(admin, address, 2)
    send(address, 0, 3)
    land_once()
    create_anew(admin, address, 2)
    other = tmp_path / "other"
    (other / TOPIC).mkdir(parents=True)
    (other / TOPIC / "lake.json").write_text('{"lake_id": "another"}')

    refused = accept_gap(settings, "--yes", "--checkpoints", str(other))

    assert refused.exit_code == 1
    assert "belongs to another lake" in refused.output
    assert len(log_of(settings)) == 1


def test_a_gap_gives_way_to_what_landed_meanwhile(store):
    log = ManifestLog(store, TOPIC)
    log.append(landed(1, {0: 4}))
    tail = LogTail(log)
    gap = gap_manifest(
        TOPIC, tail.seq, tail.ends, Gap("Ada", tuple(holes(TOPIC, {0: 4}, {}, is_same_topic=True)))
    )
    log.append(landed(2, {0: 6}))

    with pytest.raises(ConflictError):
        log.append(gap)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--lake", "nowhere"], "there is no lake in", id="no lake"),
        pytest.param(["--kafka", "127.0.0.1:1"], "no Kafka broker answers", id="no broker"),
    ],
)
def test_what_cannot_be_looked_at_is_one_clear_line(tmp_path, arguments, told):
    FolderStore(tmp_path / "lake").put("_lake.json", b'{"lake_id":"x","layout":1}')

    ran = CliRunner().invoke(main, ["accept-gap", "--home", str(tmp_path), *arguments])

    assert ran.exit_code == 1
    assert told in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", ["accept-gap", "erase"])
def test_who_answers_has_to_be_said_where_the_machine_has_no_name(tmp_path, monkeypatch, command):
    def nameless():
        raise KeyError("getpwuid(): uid not found: 4242")

    monkeypatch.setattr("getpass.getuser", nameless)

    ran = CliRunner().invoke(main, [command, "--home", str(tmp_path)])

    assert ran.exit_code == 2
    assert "say who answers for it with --by" in ran.stderr
