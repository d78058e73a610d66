"""How fast events come into Postgres, and how soon they are in its metrics.

`python -m benchmarks.serving` prints one JSON object a line: how many events a second landing
brings into Postgres from a full topic (and into the lake, beside it), and from when an event
happens until the metrics count it, at a steady rate. Wall times: the machine should be quiet.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from confluent_kafka import Producer

from benchmarks.processes import cpu_seconds
from contracts.events import MUSIC_EVENTS
from contracts.postgres import PostgresUrl
from local.postgres import embedded_postgres
from streaming.broker import running_broker
from streaming.serving.migrate import ready_connection
from streaming.settings import BrokerSettings

TOPIC = MUSIC_EVENTS.name
PARTITIONS = 4
USERS = 100_000
REGIONS = [f"R{number:02}" for number in range(50)]
TYPES = ("play", "play", "play", "skip", "pause", "resume", "stop", "add_to_playlist")
TICK = 0.05
PATIENCE = 300.0


def event(at: float, chance: random.Random) -> bytes:
    """One action at this time (epoch seconds): of any listener, who is at home in one region."""
    user = chance.randrange(USERS)
    song = chance.randrange(10_000)
    return json.dumps({
        "event_id": str(uuid.UUID(int=chance.getrandbits(128))),
        "ts": int(at * 1000),
        "user_id": user,
        "session_id": user,
        "event_type": chance.choice(TYPES),
        "song_id": f"SO{song:010}",
        "song": f"The song of number {song}",
        "artist": f"The artists of {song % 1000}",
        "position_seconds": round(chance.random() * 200, 1),
        "device_type": "phone",
        "region": REGIONS[user % len(REGIONS)],
        "country": "US",
    }, separators=(",", ":")).encode()  # fmt: skip


def throughput(address: str, url: str, home: Path, events: int, rate: int) -> dict[str, object]:
    """Drain a topic with so many events, which happened at `rate` a second."""
    chance, first = random.Random(1), time.time() - events / rate  # nosec B311  # noqa: S311  no secret
    producer = Producer({"bootstrap.servers": address, "linger.ms": 50,
                         "queue.buffering.max.messages": events})  # fmt: skip
    for number in range(events):
        producer.produce(TOPIC, event(first + number / rate, chance), partition=number % PARTITIONS)
        producer.poll(0)
    producer.flush(PATIENCE)
    began, cpu = time.monotonic(), cpu_seconds()
    log = subprocess.run(
        [*_command(), "--once", "--log-json"], env=_environment(address, url, home), check=True,
        stderr=subprocess.PIPE, text=True,
    ).stderr  # fmt: skip
    took, cpu = time.monotonic() - began, cpu_seconds() - cpu
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    batches = [each for each in lines if each["event"] == "served"]
    inserted = sum(each["inserted"] for each in batches)
    seconds = sum(each["seconds"] for each in batches)
    return {
        "measure": "from a full topic into Postgres, landing beside it",
        "events": inserted,
        "events_per_second": round(inserted / seconds),
        "batches": [[each["inserted"], each["seconds"]] for each in batches],
        "cpu_seconds_per_million_of_all_processes": round(cpu / inserted * 1e6, 1),
        "seconds_with_start_and_end": round(took, 1),
    }


def latency(address: str, url: str, home: Path, rate: int, seconds: int) -> dict[str, object]:
    """From an event to the metric that counts it, as a reader sees it who asks all the time."""
    with _landing(address, url, home), ready_connection(PostgresUrl(url)) as connection:
        connection.autocommit = True

        def counted() -> int:
            row = connection.execute("select sum(events) from minute_metrics").fetchone()
            return int(row[0] or 0) if row else 0

        started = counted() + len(_steadily(address, rate, 1, counted)[0])
        while counted() < started:
            time.sleep(TICK)
        before = counted()
        happened, seen = _steadily(address, rate, seconds, counted)
        deadline = time.monotonic() + PATIENCE
        while seen[-1][1] - before < len(happened) and time.monotonic() < deadline:
            seen.append((time.time(), counted()))
            time.sleep(TICK)
    delays, looks = [], iter(seen)
    at, count = next(looks)
    for number, then in enumerate(happened):
        while count - before <= number:
            at, count = next(looks)
        delays.append(at - then)
    measured = sorted(delays)
    return {
        "measure": "from an event to its metric, trigger 10 seconds",
        "events_per_second": rate,
        "seconds": seconds,
        "p50": round(measured[len(measured) // 2], 2),
        "p95": round(measured[int(len(measured) * 0.95)], 2),
        "most": round(measured[-1], 2),
    }


Look = tuple[float, int]
"""When somebody looked, and how many events the metrics counted then."""


def _steadily(
    address: str, rate: int, seconds: int, counted: Callable[[], int]
) -> tuple[list[float], list[Look]]:
    """Send events as they happen; their times, and what was counted meanwhile."""
    producer = Producer({"bootstrap.servers": address, "linger.ms": 5})
    chance = random.Random(time.time())  # nosec B311  # noqa: S311  no secret
    happened: list[float] = []
    seen: list[Look] = []
    began = time.time()
    for tick in range(round(seconds / TICK)):
        for _ in range(round(rate * TICK)):
            now = time.time()
            happened.append(now)
            producer.produce(TOPIC, event(now, chance), partition=len(happened) % PARTITIONS)
        producer.poll(0)
        seen.append((time.time(), counted()))
        time.sleep(max(0.0, began + (tick + 1) * TICK - time.time()))
    producer.flush(PATIENCE)
    return happened, seen


def _command() -> list[str]:
    return [sys.executable, "-m", "streaming", "--topic", TOPIC]


def _environment(address: str, url: str, home: Path) -> dict[str, str]:
    return os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": address,
        "POSTGRES_URL": url,
        "MUSICFLOW_HOME": str(home),
    }


@contextmanager
def _landing(address: str, url: str, home: Path) -> Iterator[None]:
    environment = _environment(address, url, home)
    process = subprocess.Popen(_command(), env=environment, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


@click.command()
@click.option("--events", default=1_000_000, show_default=True, help="Of the full topic.")
@click.option("--rate", default=1000, show_default=True, help="Events a second for the delay.")
@click.option("--seconds", default=60, show_default=True, help="How long it is measured.")
@click.option("--only", type=click.Choice(["throughput", "latency"]))
@click.option("--cache", type=click.Path(path_type=Path), default=Path(".musicflow/cache"))
def main(events: int, rate: int, seconds: int, only: str | None, cache: Path) -> None:
    """Measure, and print one JSON object a line."""
    os.environ["MUSICFLOW_CACHE"] = str(cache.absolute())
    with tempfile.TemporaryDirectory(prefix="serving-") as folder:
        home = Path(folder)
        settings = BrokerSettings.read(home=home, kafka=None, port=0, partitions=PARTITIONS)
        with (
            running_broker(settings) as (address, _),
            embedded_postgres(home / "pg", home / "pg.log") as url,
        ):
            if only != "latency":
                print(json.dumps(throughput(address, url, home, events, 20_000)), flush=True)
            if only != "throughput":
                print(json.dumps(latency(address, url, home, rate, seconds)), flush=True)


if __name__ == "__main__":
    main()
