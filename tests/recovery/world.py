"""A platform in which something landed and was built, to lose parts of it again and again."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from contracts.events import EVENTS
from contracts.publication import current
from tests.recovery.documented import DEADLINE, ROOT

OURS = ("MUSICFLOW_", "KAFKA_", "POSTGRES_", "DAGSTER_")
TOPICS = [event.name for event in EVENTS]
PARTITIONS = 4
PATIENCE = 60.0
PASSING = ("landed_at", "manifests", "built_at", "loaded_at", "published_at")
"""Columns that tell when and how, and not what."""
Tables = dict[str, list[tuple]]


@dataclass
class World:
    """A work folder, the cluster that it lands from, and the state to return to."""

    home: Path
    kafka: str
    cache: Path
    start: datetime
    variables: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """Of a shell in which the commands are called."""
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(OURS)}
        return inherited | self.variables | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "MUSICFLOW_HOME": str(self.home),
            "MUSICFLOW_CACHE": str(self.cache),
            "MUSICFLOW_START": self.start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "DAGSTER_HOME": str(self.home / "dagster"),
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
        }  # fmt: skip

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command of ours; whether it succeeds is for the caller to say."""
        return subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=DEADLINE,
            check=False,
        )  # fmt: skip

    def do(self, *arguments: str) -> str:
        """A command of ours that has to succeed; what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def listeners(self, first: datetime, end: datetime, seed: int) -> None:
        """Send what listeners do between two times."""
        self.do(
            "eventsim", "--kafka", "--nusers", "100", "--seed", str(seed),
            "--userid", str(1000 * seed), "--start-time", f"{first:%Y-%m-%dT%H:%M:%S}",
            "--end-time", f"{end:%Y-%m-%dT%H:%M:%S}", "--poison", "0.02", "--resend", "0.02",
        )  # fmt: skip

    def keep(self, store: Path) -> None:
        """Remember how everything stands."""
        shutil.copytree(self.home, store)

    def restore(self, store: Path) -> None:
        """Make everything stand as it did."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(store, self.home)


def readers_tables(world: World) -> Tables:
    """All rows of all published tables, in order."""
    snapshot = world.home / "snapshot"
    publication = current(snapshot)
    assert publication is not None
    with duckdb.connect() as connection:
        return {
            name: _rows(
                connection, f"read_parquet({[str(snapshot / each.path) for each in table.files]})"
            )
            for name, table in publication.tables.items()
            if table.files
        }


def raw_tables(world: World) -> Tables:
    """All rows of the raw tables, in order."""
    path = world.home / "warehouse" / "musicflow.duckdb"
    with duckdb.connect(str(path), read_only=True) as connection:
        return {name: _rows(connection, f"raw.{name}") for name in TOPICS}


def _rows(connection: duckdb.DuckDBPyConnection, source: str) -> list[tuple]:
    columns = [row[0] for row in connection.execute(f"describe from {source}").fetchall()]
    telling = ", ".join(f'"{each}"' for each in columns if each not in PASSING)
    return connection.execute(f"select {telling} from {source} order by all").fetchall()


def ends(kafka: str) -> dict[tuple[str, int], int]:
    """Where each partition of our topics ends."""
    consumer = Consumer({"bootstrap.servers": kafka, "group.id": "recovery"})
    try:
        return {
            (topic, partition): consumer.get_watermark_offsets(
                TopicPartition(topic, partition), timeout=PATIENCE
            )[1]
            for topic in TOPICS
            for partition in range(PARTITIONS)
        }
    finally:
        consumer.close()


def forget_messages(kafka: str, before: Mapping[tuple[str, int], int]) -> None:
    """Have Kafka delete what it holds before these offsets, as its retention does."""
    admin = AdminClient({"bootstrap.servers": kafka})
    wanted = [TopicPartition(*place, offset) for place, offset in before.items()]
    for each in admin.delete_records(wanted, request_timeout=PATIENCE).values():
        each.result(PATIENCE)


def lose_topics(kafka: str) -> None:
    """Delete our topics, with all that they hold."""
    admin = AdminClient({"bootstrap.servers": kafka})
    for each in admin.delete_topics(TOPICS, operation_timeout=PATIENCE).values():
        each.result(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while _standing(admin):
        assert time.monotonic() < deadline, "the topics are still there"


def _standing(admin: AdminClient) -> list[str]:
    return [each for each in admin.list_topics(timeout=PATIENCE).topics if each in TOPICS]
