"""Landing in tests: a topic and what was sent to it, the command, and what must have landed."""

import itertools
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq
from confluent_kafka import Producer

from contracts.events import LISTEN_EVENTS
from contracts.manifests import Manifest, ManifestLog
from contracts.store import open_store
from streaming.kafka import Cluster
from streaming.settings import LandingSettings

from .messages import listen

DEADLINE = 300.0
PATIENCE = 600.0
"""Seconds that landing may take to its end."""
TOPIC = LISTEN_EVENTS.name
START = "2026-01-01"


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


def manifests(settings: LandingSettings, topic: str = TOPIC) -> list[Manifest]:
    return list(ManifestLog(open_store(settings.lake), topic).after(0))


def positions(settings: LandingSettings, kind: str) -> Counter[tuple[int, int]]:
    """How often each Kafka position is in the `files` or `rejected_files` of the manifests."""
    store = open_store(settings.lake)
    found: Counter[tuple[int, int]] = Counter()
    for manifest in manifests(settings):
        for file in getattr(manifest, kind):
            with store.open(file.path) as opened:
                table = pq.read_table(opened, columns=["kafka_partition", "kafka_offset"])
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
    store = open_store(settings.lake)
    named = {
        file.path for each in manifests(settings) for file in (*each.files, *each.rejected_files)
    }
    assert {path for path in store.list("") if not path.startswith("_")} == named
    assert list(store.list("_attempts")) == []


@contextmanager
def landing_process(
    settings: LandingSettings, *options: str, **environment: str
) -> Iterator[subprocess.Popen]:
    """The command, landing every second."""
    command = [
        sys.executable, "-m", "streaming", "--topic", TOPIC, "--trigger", "1 second",
        "--home", settings.home, "--kafka", settings.kafka, "--start", START,
        "--lake", settings.lake, "--checkpoints", settings.checkpoints, *options,
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


def land_to_the_end(settings: LandingSettings, **environment: str) -> None:
    """The command, until all that Kafka holds has landed."""
    with landing_process(settings, "--once", **environment) as process:
        said = process.communicate(timeout=PATIENCE)[1]
    assert process.returncode == 0, said


def land_in_spite_of_faults(settings: LandingSettings, **environment: str) -> None:
    """The same on a storage that may end it: then it says so in a line, and is started again."""
    for _ in range(5):
        with landing_process(settings, "--once", **environment) as process:
            said = process.communicate(timeout=PATIENCE)[1]
        if process.returncode == 0:
            return
        assert process.returncode == 1, said
        assert "Traceback" not in said
    raise AssertionError(said)


def until(holds, what: str) -> None:
    deadline = time.monotonic() + DEADLINE
    while not holds():
        assert time.monotonic() < deadline, f"{what}: not within {DEADLINE} s"
        time.sleep(0.01)
