"""Landing on a real broker and a real Spark: each message is in the lake once, come what may."""

import itertools
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.events import EVENTS_BY_NAME, LISTEN_EVENTS
from contracts.manifests import Manifest, ManifestLog
from contracts.progress import read_progress
from contracts.store import FolderStore
from contracts.to_spark import accepted_struct
from streaming.__main__ import main
from streaming.broker import running_broker
from streaming.kafka import Cluster
from streaming.landing import land
from streaming.settings import BrokerSettings, LandingSettings

from .messages import listen

pytestmark = pytest.mark.integration

DEADLINE = 120.0
TOPIC = LISTEN_EVENTS.name
START = "2026-01-01"
POISON = [b"not json", b"", b'{"ts":"noon"}', b"\xff\xfe", b"[" * 20_000, b"x" * 400_000, b"null"]


class Topic:
    """The topic of listen events on a broker of this module's own, and what was sent to it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.good = self.bad = 0
        self._producer = Producer({"bootstrap.servers": address, "message.max.bytes": 2_000_000})

    def send(self, good: int, poison: list[bytes | None] | None = None) -> None:
        values = [listen(self.good + each, hours=each % 3) for each in range(good)]
        values += poison or []
        random.Random(7).shuffle(values)
        for value in values:
            self._producer.produce(TOPIC, value)
            self._producer.poll(0)
        assert self._producer.flush(DEADLINE) == 0
        self.good += good
        self.bad += len(poison or [])


@pytest.fixture(scope="module")
def topic(tmp_path_factory, broker_settings) -> Iterator[Topic]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("landing-broker"),
        cache_folder=broker_settings.cache,
        port=0,
        partitions=3,
    )
    with running_broker(settings) as (address, _):
        topic = Topic(address)
        topic.send(300, [*POISON, None])
        yield topic


@pytest.fixture
def settings(tmp_path, topic, broker_settings) -> LandingSettings:
    return LandingSettings.read(
        home=tmp_path / "home",
        cache_folder=broker_settings.cache,
        kafka=topic.address,
        start=START,
        trigger="1 second",
    )


@pytest.fixture
def land_once(settings, spark):
    """Lands what Kafka holds, in this process."""

    def run(settings: LandingSettings = settings, topic: str = TOPIC) -> None:
        events = [EVENTS_BY_NAME[topic]]
        land(settings, events, threading.Event(), once=True, session=lambda _: nullcontext(spark))

    return run


def manifests(settings: LandingSettings, topic: str = TOPIC) -> list[Manifest]:
    return list(ManifestLog(FolderStore(Path(settings.lake)), topic).after(0))


def positions(settings: LandingSettings, kind: str) -> Counter[tuple[int, int]]:
    """How often each Kafka position is in the `files` or `rejected_files` of the manifests."""
    found: Counter[tuple[int, int]] = Counter()
    for manifest in manifests(settings):
        for file in getattr(manifest, kind):
            table = pq.read_table(
                Path(settings.lake) / file.path, columns=["kafka_partition", "kafka_offset"]
            )
            found.update(zip(*(column.to_pylist() for column in table.columns), strict=True))
    return found


def check_all_accounted_for(settings: LandingSettings, topic: Topic) -> None:
    """Each offset that Kafka holds is in one manifest and one file; the folders hold no more."""
    landed = manifests(settings)
    assert sum(each.accepted for each in landed) == topic.good
    assert sum(each.rejected for each in landed) == topic.bad
    accepted, rejected = positions(settings, "files"), positions(settings, "rejected_files")
    assert set((accepted + rejected).values()) == {1}
    held = Cluster(topic.address).held({TOPIC: 3})[TOPIC]
    assert set(accepted + rejected) == {
        (partition, offset) for partition, each in held.items() for offset in range(each.end)
    }
    ranges = sorted(
        (each.partition, each.start, each.end) for one in landed for each in one.offsets
    )
    for before, after in itertools.pairwise(ranges):
        assert before[0] != after[0] or before[2] == after[1], "ranges touch and never overlap"
    check_listing(settings)


def check_listing(settings: LandingSettings) -> None:
    """A folder listing equals the manifests."""
    store = FolderStore(Path(settings.lake))
    named = {
        file.path for each in manifests(settings) for file in (*each.files, *each.rejected_files)
    }
    assert {path for path in store.list("") if not path.startswith("_")} == named
    assert list(store.list("_attempts")) == []


def test_good_and_bad_messages_are_all_accounted_for(land_once, settings, topic):
    land_once()

    check_all_accounted_for(settings, topic)
    (manifest,) = manifests(settings)
    assert manifest.rejected_by_reason == {
        "oversized": 1,
        "unreadable_json": 6,
        "missing_field": 1,
    }


def test_spark_reads_the_landed_rows_by_the_contract(land_once, settings, spark, topic):
    land_once()

    files = [f"{settings.lake}/{each.path}" for each in manifests(settings)[0].files]
    rows = spark.read.schema(accepted_struct(LISTEN_EVENTS)).parquet(*files)

    assert rows.count() == topic.good
    first = rows.orderBy("occurred_at", "kafka_partition", "kafka_offset").first()
    assert (first.artist, first.user_id, first.duration_seconds) == ("A", 42, 200.5)
    assert spark.read.parquet(files[0]).columns == accepted_struct(LISTEN_EVENTS).names


def test_landing_goes_on_where_it_ended(land_once, settings, topic):
    land_once()
    land_once()
    assert len(manifests(settings)) == 1, "nothing new is no batch"
    reached = read_progress(FolderStore(Path(settings.lake)), TOPIC).caught_up_until

    topic.send(20)
    land_once()

    check_all_accounted_for(settings, topic)
    assert len(manifests(settings)) == 2
    progress = read_progress(FolderStore(Path(settings.lake)), TOPIC)
    assert progress.caught_up_until > reached
    assert progress.committed == progress.held
    assert progress.last_seq == 2


def test_a_batch_limit_gives_more_batches_and_the_same_rows(land_once, settings, topic):
    land_once(settings.model_copy(update={"max_offsets_per_trigger": 100}))

    assert len(manifests(settings)) > 2
    check_all_accounted_for(settings, topic)


def test_a_new_checkpoint_goes_on_where_the_lake_ends(land_once, settings, topic):
    land_once()
    shutil.rmtree(settings.checkpoints)
    topic.send(20)

    land_once()

    check_all_accounted_for(settings, topic)
    assert len({each.writer for each in manifests(settings)}) == 2


def test_the_old_checkpoint_is_refused_when_a_new_one_has_gone_on(land_once, settings, topic):
    land_once()
    others = settings.model_copy(update={"checkpoints_folder": str(settings.home / "others")})
    topic.send(1)
    land_once(others)

    with pytest.raises(MusicFlowError, match="another one has taken its place"):
        land_once()


def test_a_checkpoint_of_another_lake_is_refused(land_once, settings):
    land_once()

    with pytest.raises(ConfigurationError, match="belongs to another lake"):
        land_once(settings.model_copy(update={"lake_folder": str(settings.home / "other")}))


def test_a_lake_that_lost_its_manifests_is_refused(land_once, settings):
    land_once()
    shutil.rmtree(Path(settings.lake) / "_batches")

    with pytest.raises(ConfigurationError, match="ahead of the lake"):
        land_once()


def test_a_silent_topic_makes_progress_without_manifests(land_once, settings):
    land_once(topic="auth_events")

    assert manifests(settings, "auth_events") == []
    progress = read_progress(FolderStore(Path(settings.lake)), "auth_events")
    assert progress.caught_up_until is not None


@contextmanager
def landing_process(settings: LandingSettings, **environment: str) -> Iterator[subprocess.Popen]:
    """The command, landing every second."""
    command = [
        sys.executable, "-m", "streaming", "--topic", TOPIC, "--trigger", "1 second",
        "--home", settings.home, "--kafka", settings.kafka, "--start", START,
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        env=os.environ | {"MUSICFLOW_CACHE": str(settings.cache)} | environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def until(holds, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE} s"
        time.sleep(0.01)


def processes_below(root: int) -> set[int]:
    """Ids of a process's children and their children."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found, added = set(), {root}
    while added:
        added = {each for each, parent in parents.items() if parent in added} - found
        found |= added
    return found


@contextmanager
def frozen(processes: set[int]) -> Iterator[None]:
    """These processes stand still meanwhile."""
    for each in processes:
        _send(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in processes:
            _send(each, signal.SIGCONT)


def _send(process: int, what: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, what)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_killed_in_mid_batch_and_restarted_it_lands_the_same(settings, topic, land_once):
    topic.send(10_000)
    store = FolderStore(Path(settings.lake))
    with landing_process(settings) as process:
        until(lambda: any(store.list("_attempts")) or process.poll() is not None, "a note")
        below = processes_below(process.pid)
        process.kill()
    assert below, "there was a JVM, with workers"
    until(lambda: not any(Path(f"/proc/{each}").exists() for each in below), "their end")
    assert manifests(settings) == []

    land_once()

    check_all_accounted_for(settings, topic)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc")
def test_on_a_signal_the_batch_in_hand_is_finished(settings, topic):
    topic.send(10_000)
    store = FolderStore(Path(settings.lake))
    with landing_process(settings) as process:
        until(lambda: any(store.list("_attempts")) or process.poll() is not None, "a note")
        with frozen(processes_below(process.pid)):
            assert manifests(settings) == [], "the batch is in hand"
            process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=DEADLINE)[1]

    assert process.returncode == 0, said
    assert "Traceback" not in said
    assert len(manifests(settings)) == 1
    check_all_accounted_for(settings, topic)


def test_no_broker_is_one_clear_line(tmp_path):
    options = ["--once", "--kafka", "127.0.0.1:1", "--home", str(tmp_path)]

    answer = CliRunner().invoke(main, options)

    assert answer.exit_code == 1
    assert answer.output.startswith("landing: no Kafka broker answers at 127.0.0.1:1: start one")
    assert len(answer.output.splitlines()) == 1


def test_no_local_broker_is_one_clear_line(tmp_path, monkeypatch):
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)

    answer = CliRunner().invoke(main, ["--once", "--home", str(tmp_path)])

    assert answer.exit_code == 1
    assert answer.output.startswith("landing: no local Kafka broker is running")


@pytest.fixture
def path_without_java(tmp_path) -> Path:
    """A folder with the commands of this machine, but for Java's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for place in ("/bin", "/usr/bin"):
        for command in Path(place).iterdir():
            link = folder / command.name
            if not command.name.startswith("java") and not link.is_symlink():
                link.symlink_to(command)
    return folder


def test_without_java_on_the_machine_it_lands_all_the_same(settings, topic, path_without_java):
    environment = {"PATH": str(path_without_java), "JAVA_HOME": ""}
    with landing_process(settings, **environment) as process:
        until(lambda: manifests(settings) or process.poll() is not None, "a manifest")
        process.send_signal(signal.SIGTERM)
        said = process.communicate(timeout=DEADLINE)[1]

    assert process.returncode == 0, said
    check_all_accounted_for(settings, topic)
