"""A real landing job as others see it: its backlog, its group in Kafka, its health, its end."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient

from contracts.events import LISTEN_EVENTS
from contracts.health import read_health
from contracts.manifests import Manifest, ManifestLog
from contracts.progress import read_progress
from contracts.store import FolderStore
from streaming.landing import land
from streaming.settings import LandingSettings

from .messages import listen

pytestmark = pytest.mark.integration

TOPIC = LISTEN_EVENTS.name
DEADLINE = 120.0
BOUND = 250
FULL_BATCHES = 5
START = "2026-01-01"


@pytest.fixture(scope="module")
def backlog(kafka) -> int:
    """How many messages wait at least: several times what a batch takes."""
    producer = Producer({"bootstrap.servers": kafka})
    for number in range(FULL_BATCHES * BOUND):
        producer.produce(TOPIC, listen(number, hours=number % 3))
    assert producer.flush(DEADLINE) == 0
    return FULL_BATCHES * BOUND


@pytest.fixture
def settings(tmp_path, kafka, broker_settings) -> LandingSettings:
    return LandingSettings.read(
        home=tmp_path / "home",
        cache_folder=broker_settings.cache,
        kafka=kafka,
        start=START,
        trigger="1 second",
        max_offsets_per_trigger=BOUND,
    )


def manifests(settings: LandingSettings) -> list[Manifest]:
    return list(ManifestLog(FolderStore(Path(settings.lake)), TOPIC).after(0))


def group_offsets(settings: LandingSettings) -> dict[int, int]:
    """What Kafka's own tools show of the topic's group."""
    admin = AdminClient({"bootstrap.servers": settings.kafka})
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(f"musicflow-{TOPIC}")])
    (answer,) = (each.result(DEADLINE) for each in asked.values())
    return {each.partition: each.offset for each in answer.topic_partitions}


def size(manifest: Manifest) -> int:
    return sum(each.end - each.start for each in manifest.offsets)


def most(manifest: Manifest) -> int:
    """Messages that a batch may have: Spark takes one at least of each partition that has any."""
    return BOUND + len(manifest.offsets)


def test_a_backlog_is_worked_off_in_bounded_batches(settings, spark, backlog):
    land(settings, [LISTEN_EVENTS], threading.Event(), once=True,
         session=lambda _: nullcontext(spark))  # fmt: skip

    landed = manifests(settings)
    assert len(landed) >= backlog / most(landed[0])
    assert all(size(each) <= most(each) for each in landed)
    lags = [each.measures.lag_messages for each in landed]
    assert lags == sorted(lags, reverse=True), "each batch says what is left"
    assert lags[0] == sum(map(size, landed[1:]))
    assert lags[-1] == 0
    assert all(each.measures.delay_p50_seconds > 0 for each in landed if each.accepted)
    assert group_offsets(settings) == landed[-1].end_offsets()
    health = read_health(FolderStore(Path(settings.lake)), TOPIC)
    assert (health.state, health.lag_messages, health.last_seq) == ("stopped", 0, len(landed))


def test_a_backlog_does_not_wait_for_the_trigger(settings, spark, backlog):
    stop = threading.Event()
    patient = settings.model_copy(update={"trigger": "2 minutes"})
    landing = threading.Thread(
        target=land,
        args=(patient, [LISTEN_EVENTS], stop),
        kwargs={"once": False, "session": lambda _: nullcontext(spark)},
    )
    landing.start()
    deadline = time.monotonic() + DEADLINE
    while len(manifests(settings)) < FULL_BATCHES - 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stop.set()
    landing.join(DEADLINE)

    assert not landing.is_alive()
    assert all(size(each) <= most(each) for each in manifests(settings))


def until(holds, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < deadline
        time.sleep(0.05)


def status(address: str, page: str) -> int:
    try:
        with urlopen(f"{address}/{page}", timeout=DEADLINE) as answer:
            return answer.status
    except HTTPError as error:
        error.close()
        return error.code


def test_an_orchestrator_sees_it_start_work_and_stop(settings, backlog):
    command = [
        sys.executable, "-m", "streaming", "--topic", TOPIC, "--trigger", "1 second",
        "--home", settings.home, "--kafka", settings.kafka, "--start", START,
    ]  # fmt: skip
    environment = {
        "MUSICFLOW_CACHE": str(settings.cache),
        "MUSICFLOW_METRICS_PORT": "0",
        "MUSICFLOW_MAX_OFFSETS_PER_TRIGGER": str(BOUND),
    }
    said = settings.home.parent / "said"
    store = FolderStore(Path(settings.lake))
    with (
        said.open("w") as errors,
        subprocess.Popen(command, env=os.environ | environment, stderr=errors) as process,
    ):
        try:
            until(lambda: "address=" in said.read_text(), process)
            address = said.read_text().partition("address=")[2].split()[0]
            assert (status(address, "healthz"), status(address, "readyz")) == (200, 503)
            until(lambda: status(address, "readyz") == 200, process)
            assert read_health(store, TOPIC).state == "running"

            # The backlog is not worked off yet, or a new batch is near: the one in hand is last.
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE) == 0, said.read_text()
        finally:
            process.kill()

    told = said.read_text()
    landed = manifests(settings)
    assert told.count("batch committed") == len(landed) >= 1
    assert "landing stopped" in told
    assert "Traceback" not in told
    assert list(store.list("_attempts")) == [], "no batch is left unfinished"
    assert read_health(store, TOPIC).state == "stopped"
    assert read_progress(store, TOPIC).last_seq == len(landed)
    assert group_offsets(settings) == landed[-1].end_offsets()
