"""Landing as an operator starts it, watched from outside: how soon it commits."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from confluent_kafka import KafkaError, Message, Producer

from benchmarks.landing_topic import PARTITIONS
from contracts.events import LISTEN_EVENTS
from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore

TOPIC = LISTEN_EVENTS.name
MESSAGES_PER_SECOND = 5_000
TICK = 0.02
PATIENCE = 180.0
FIRST_BATCH = 20_000


class Place(NamedTuple):
    """Where from, where to, and where the jars are."""

    address: str
    home: Path
    cache: Path


@contextmanager
def landing(place: Place, trigger: int) -> Iterator[ManifestLog]:
    """A landing process of its own, and the log that it writes."""
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": place.address,
        "MUSICFLOW_HOME": str(place.home),
        "MUSICFLOW_CACHE": str(place.cache),
        "MUSICFLOW_MAX_OFFSETS_PER_TRIGGER": str(max(FIRST_BATCH, 10 * trigger * 1000)),
    }
    command = [
        sys.executable, "-m", "streaming", "--topic", TOPIC, "--trigger", f"{trigger} seconds"
    ]  # fmt: skip
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield ManifestLog(FolderStore(place.home / "lake"), TOPIC)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def start_seconds(place: Place) -> float:
    """From the start of the process to its first committed batch."""
    began = time.monotonic()
    with landing(place, trigger=2) as manifests:
        _wait_for(manifests, 1)
        return time.monotonic() - began


@dataclass(slots=True)
class Appended:
    """When the broker took each message, epoch milliseconds, by partition and offset."""

    at: dict[tuple[int, int], int] = field(default_factory=dict)

    def __call__(self, error: KafkaError | None, message: Message) -> None:
        """Take note of a delivery."""
        partition, offset = message.partition(), message.offset()
        if error is None and partition is not None and offset is not None:
            self.at[partition, offset] = message.timestamp()[1]


def latencies(
    messages: Iterator[bytes], place: Place, *, trigger: int, seconds: int
) -> list[float]:
    """Seconds from append to committed manifest at a steady rate, of each message, in order."""
    appended = Appended()
    with landing(place, trigger) as manifests:
        _produce_steadily(messages, place.address, 1, appended)
        _wait_for(manifests, 1)
        appended.at.clear()
        _produce_steadily(messages, place.address, seconds, appended)
        last = max(offset for _, offset in appended.at)
        _wait_for(manifests, last + 1)
    return sorted(_seconds(appended, list(manifests.after(0))))


def _seconds(appended: Appended, manifests: list[Manifest]) -> Iterator[float]:
    for manifest in manifests:
        committed = manifest.committed_at.timestamp()
        for part in manifest.offsets:
            for offset in range(part.start, part.end):
                at = appended.at.get((part.partition, offset))
                if at is not None:
                    yield committed - at / 1000


def _produce_steadily(
    messages: Iterator[bytes], address: str, seconds: int, appended: Appended
) -> None:
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    began = time.monotonic()
    per_tick = round(MESSAGES_PER_SECOND * TICK)
    for tick in range(round(seconds / TICK)):
        for number, message in enumerate(islice(messages, per_tick)):
            producer.produce(TOPIC, message, partition=number % PARTITIONS, on_delivery=appended)
        producer.poll(0)
        time.sleep(max(0.0, began + (tick + 1) * TICK - time.monotonic()))
    producer.flush(PATIENCE)


def _wait_for(manifests: ManifestLog, end: int) -> None:
    """Until all partitions are committed up to this offset."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        last = manifests.last()
        if last and min(manifests.read(last).end_offsets().values()) >= end:
            return
        time.sleep(0.05)
    sys.exit(f"landing did not commit within {PATIENCE:.0f} s")
