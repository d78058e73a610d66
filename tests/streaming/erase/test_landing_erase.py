"""Erasing a user beside a landing that runs: Kafka, Spark and Postgres are real."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow.parquet as pq
import pytest
from confluent_kafka import Producer

from contracts.erasures import erased_rows
from contracts.events import LISTEN_EVENTS, MUSIC_EVENTS
from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore
from streaming.broker import running_broker
from streaming.serving.live_sink import read_state
from streaming.serving.migrate import ready_connection
from streaming.settings import BrokerSettings
from tests.streaming.landed import DEADLINE, PATIENCE, START, until
from tests.streaming.messages import listen
from tests.streaming.serving.actions import check_metrics_are_a_recount, message

pytestmark = pytest.mark.integration

ANN, BOB = 7_350_219_864_731, 6_120_944_385_517
KEY = "the key of these tests"  # pragma: allowlist secret
TOPICS = (LISTEN_EVENTS.name, MUSIC_EVENTS.name)


class Site:
    """A broker, a lake and a database, and what was sent."""

    def __init__(self, address, home, cache, postgres) -> None:
        self.store = FolderStore(home / "lake")
        self.postgres = postgres
        self.sent = dict.fromkeys(TOPICS, 0)
        self.environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": address,
            "MUSICFLOW_HOME": str(home),
            "MUSICFLOW_CACHE": str(cache),
            "MUSICFLOW_START": START,
            "MUSICFLOW_TRIGGER": "1 second",
            "MUSICFLOW_SERVING_TRIGGER": "1 second",
            "MUSICFLOW_LIVE": "true",
            "MUSICFLOW_SUPPRESSION_KEY": KEY,
            "POSTGRES_URL": postgres.url,
        }
        self._producer = Producer({"bootstrap.servers": address})

    def send(self, count: int) -> None:
        """Listens and actions of Ann and of Bob, and a reject of each."""
        first = self.sent[TOPICS[0]]
        for number in range(first, first + 2 * count, 2):
            for item, user in ((number, ANN), (number + 1, BOB)):
                level = "none" if item % 20 < 2 else "free"
                self._send(TOPICS[0], listen(item, hours=item % 3, userId=user, level=level))
                self._send(TOPICS[1], message(item, user_id=user))
        assert self._producer.flush(DEADLINE) == 0

    def _send(self, topic: str, value: bytes) -> None:
        self._producer.produce(topic, value)
        self.sent[topic] += 1

    @contextmanager
    def landing(self) -> Iterator[None]:
        """The job, which runs meanwhile and then ends as it is told to."""
        command = [sys.executable, "-m", "streaming", "--topic", TOPICS[0], "--topic", TOPICS[1]]
        with subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE) as process:
            try:
                yield
                process.send_signal(signal.SIGTERM)
                said = process.communicate(timeout=PATIENCE)[1]
                assert process.returncode == 0, said.decode()
                assert str(ANN).encode() not in said
            finally:
                process.kill()

    def erase(self) -> dict:
        """Erase Ann, with the command; what it tells."""
        command = [sys.executable, "-m", "streaming", "erase", "--json"]
        done = subprocess.run(
            command, env=self.environment, input=str(ANN), capture_output=True, text=True,
            timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert str(ANN) not in done.stdout + done.stderr
        return json.loads(done.stdout)

    def manifests(self, topic: str) -> list[Manifest]:
        return list(ManifestLog(self.store, topic).after(0))

    def has_landed(self) -> bool:
        """Whether all that was sent is in the lake and in Postgres."""
        for topic, sent in self.sent.items():
            landed = [each for one in self.manifests(topic) for each in one.offsets]
            if sum(each.end - each.start for each in landed) < sent:
                return False
        with self.postgres.connect() as connection:
            reached = connection.execute("select sum(next_offset) from serving_offsets").fetchone()
        return (reached[0] or 0) == self.sent[MUSIC_EVENTS.name]

    def users(self, topic: str) -> set[int]:
        """Users of the accepted rows."""
        files = [file for each in self.manifests(topic) for file in each.files]
        return {
            user
            for file in files
            for user in pq.read_table(self.store.url(file.path))["user_id"].to_pylist()
        }

    def check_sums(self, topic: str) -> None:
        """All offsets are accounted for, all files hold what is left, no list was too old."""
        erased = erased_rows(self.manifests(topic))
        needed = 0
        for manifest in self.manifests(topic):
            needed = max(needed, manifest.suppressions if manifest.kind == "erasure" else 0)
            assert manifest.suppressions >= needed
            for each in manifest.offsets:
                parts = each.accepted + each.rejected + each.not_data + each.suppressed
                assert parts == each.end - each.start
            for file in (*manifest.files, *manifest.rejected_files):
                rows = pq.read_metadata(self.store.url(file.path)).num_rows
                assert rows == file.rows - erased[file.path]


@pytest.fixture
def site(tmp_path, broker_settings, postgres) -> Iterator[Site]:
    cache = broker_settings.cache
    home = tmp_path / "home"
    settings = BrokerSettings.read(home=tmp_path, cache_folder=cache, port=0, partitions=3)
    ready_connection(postgres).close()
    with running_broker(settings) as (address, _):
        yield Site(address, home, cache, postgres)


def test_a_user_erased_beside_landing_is_nowhere_and_does_not_come_back(site):
    site.send(200)
    with site.landing():
        until(site.has_landed, "what was sent before")
        assert ANN in site.users(LISTEN_EVENTS.name)
        site.send(200)
        told = site.erase()
        site.send(200)
        until(site.has_landed, "what was sent since")

    assert told["events"]["listen_events"]["files"] > 0
    assert told["postgres"]["raw_events"] > 0
    for topic in TOPICS:
        assert site.users(topic) == {BOB}
        site.check_sums(topic)
        assert sum(each.suppressed for each in site.manifests(topic)) >= 200
    lake = [path for path in site.store.list("") if str(ANN).encode() in site.store.read(path)]
    assert lake == []
    rejects = [
        payload
        for manifest in site.manifests(LISTEN_EVENTS.name)
        for file in manifest.rejected_files
        for payload in pq.read_table(site.store.url(file.path))["payload"].to_pylist()
    ]
    assert len(rejects) == 60
    assert not any(str(ANN).encode() in each for each in rejects)
    assert ANN not in read_state(site.store)[1].open["user_id"].to_list()
    with ready_connection(site.postgres) as connection:
        assert set(check_metrics_are_a_recount(connection)["user_id"]) == {BOB}
    assert site.erase()["postgres"]["raw_events"] == 0
