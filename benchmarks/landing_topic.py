"""The topic that landing is measured on: listens of eventsim, some of them broken."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from confluent_kafka import Producer

from contracts.events import LISTEN_EVENTS
from eventsim.poison import POISONS
from streaming.broker import running_broker
from streaming.settings import BrokerSettings

PARTITIONS = 4
FIRST = "2026-01-05T12:00"
END = "2026-01-05T16:00"
LISTENS_PER_USER = 1.9
"""Less than what a listener plays between FIRST and END, on average."""


@contextmanager
def broker_with(messages: Iterator[bytes], home: Path, cache: Path) -> Iterator[str]:
    """The address of a broker whose topic `listen_events` holds these messages."""
    settings = BrokerSettings.read(
        home=home, cache_folder=cache, kafka=None, port=0, partitions=PARTITIONS
    )
    with running_broker(settings) as (address, _):
        produce(address, messages)
        yield address


def produce(address: str, messages: Iterator[bytes]) -> None:
    """Send messages, spread evenly over the partitions."""
    producer = Producer(
        {"bootstrap.servers": address, "linger.ms": 50, "queue.buffering.max.messages": 200_000}
    )
    for number, message in enumerate(messages):
        while True:
            try:
                producer.produce(LISTEN_EVENTS.name, message, partition=number % PARTITIONS)
            except BufferError:
                producer.poll(0.1)
            else:
                break
    if producer.flush(60):
        sys.exit("the broker did not take all messages")


def listens(count: int) -> Iterator[bytes]:
    """So many listens within four hours, in order of time; the same each time."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "eventsim", "--nusers", str(1000 + int(count / LISTENS_PER_USER)),
            "--start-time", FIRST, "--end-time", END, "--output", folder,
        ]  # fmt: skip
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        with (Path(folder) / f"{LISTEN_EVENTS.name}.json").open("rb") as lines:
            yield from (line.rstrip() for line in islice(lines, count))


def poisoned(messages: Iterator[bytes], share: float) -> Iterator[bytes]:
    """The messages, a share of them broken in one of eventsim's ways; the same each time."""
    chance = random.Random(1)  # nosec B311  # noqa: S311 - no secret
    kinds = list(POISONS.values())
    for message in messages:
        if share and chance.random() < share:
            yield chance.choice(kinds)(LISTEN_EVENTS, message, chance.getrandbits(32))
        else:
            yield message
