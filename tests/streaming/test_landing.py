"""Landing on a real broker and a real Spark: each message is in the lake once, come what may."""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.events import EVENTS_BY_NAME, LISTEN_EVENTS
from contracts.progress import read_progress
from contracts.store import open_store
from contracts.to_spark import accepted_struct
from streaming.__main__ import main
from streaming.broker import running_broker
from streaming.landing import land
from streaming.settings import BrokerSettings, LandingSettings

from .landed import (
    DEADLINE,
    START,
    TOPIC,
    Topic,
    check_all_accounted_for,
    landing_process,
    manifests,
    until,
)

pytestmark = pytest.mark.integration

POISON = [b"not json", b"", b'{"ts":"noon"}', b"\xff\xfe", b"[" * 20_000, b"x" * 400_000, b"null"]


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
    reached = read_progress(open_store(settings.lake), TOPIC).caught_up_until

    topic.send(20)
    land_once()

    check_all_accounted_for(settings, topic)
    assert len(manifests(settings)) == 2
    progress = read_progress(open_store(settings.lake), TOPIC)
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
    progress = read_progress(open_store(settings.lake), "auth_events")
    assert progress.caught_up_until is not None


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
    store = open_store(settings.lake)
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
    store = open_store(settings.lake)
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
