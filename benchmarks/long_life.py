"""What a long life costs: `python -m benchmarks.long_life [--days 365] [--topics 1]`.

Simulates a day and a year of manifests, 720 a day, with the hours built from them, and measures
on both a sensor tick that finds one new batch, and what landing does on the lake before it starts
its queries. The year is the measured side, the day the baseline; they are measured in turns. An
index that is made anew reads all manifests once, and the first plan looks at all hours; both are
told apart.

A year of one topic are 262,800 files (1.1 GB of blocks) and takes about a minute; the other
topics are silent unless --topics says otherwise.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import msgspec

from contracts.events import EVENTS
from contracts.lake import HOUR, LAKE_RECORD, hour_folder, hour_key, hour_of, manifest_path
from contracts.logs import configure_logs
from contracts.manifests import DataFile, Manifest, ManifestLog, PartitionRange
from contracts.progress import Progress, write_progress
from contracts.publication import POINTER, PublishedFile, PublishedTable, current, encode
from contracts.store import FolderStore
from musicflow_dagster.automation.sensors import Cursor, manifest_sensor
from musicflow_dagster.hours import HourRange, naive
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.published import RECONCILIATION
from streaming import lake_record
from streaming.kafka import Held
from streaming.query import Source, checked_ground
from streaming.settings import LandingSettings

EVERY = timedelta(minutes=2)
ROWS = 1000
PARTITIONS = 4
TABLES_BY_DAY = 12
ROUNDS = 25
START = datetime(2025, 1, 1, tzinfo=UTC)


def say(metric: str, value: float, unit: str, **more: float | str) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": "long_life", "metric": metric, "value": round(value, 3), "unit": unit}
    print(json.dumps({**figure, **more}), flush=True)


@dataclass
class Life:
    """A platform that has lived for some days: its lake, its snapshot, its checkpoints."""

    home: Path
    days: int
    topics: int
    cursor: str | None = None
    number: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make its settings; nothing is written yet."""
        self.settings = Settings(home=self.home, start=START)
        self.store = FolderStore(Path(self.settings.lake))
        self.names = [event.name for event in EVENTS][: self.topics]
        self.landing = LandingSettings.read(home=self.home)
        self.instance = dg.DagsterInstance.ephemeral()

    def live(self) -> None:
        """Write what the days left behind."""
        self.store.put(LAKE_RECORD, b'{"lake_id":"long-life","layout":1}')
        encoder = msgspec.json.Encoder()
        for name in self.names:
            for seq in range(1, self.days * 720 + 1):
                path = self.store.root / manifest_path(name, seq)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(encoder.encode(manifest(name, seq)))
        self.number = self.days * 720
        self.tell_progress()
        self.write_checkpoints()
        began = time.perf_counter()
        manifest_index(self.settings).refresh()
        self.note("index", began)
        self.build()

    def build(self) -> None:
        """Publish that all hours were built, and the files that a snapshot of that age has."""
        hours = HourRange(START, START + self.days * 24 * HOUR)
        landed = manifest_index(self.settings).fingerprints()
        with open_warehouse(self.settings.warehouse) as connection:
            prepare(connection)
            for event in EVENTS:
                connection.execute(
                    "insert into reconciliation.built_hours select $1, unnest($2), unnest($3)",
                    [
                        event.name,
                        [naive(hour) for hour in hours],
                        [landed[event.name].get(hour, "") for hour in hours],
                    ],
                )
            Publisher(connection, self.settings.snapshot).publish(RECONCILIATION, hours)
        published = current(self.settings.snapshot)
        assert published is not None
        by_day = PublishedTable(
            (("listened_at", "TIMESTAMP"),),
            tuple(
                PublishedFile(f"files/marts/some_fact/{day:%Y-%m-%d}-1.parquet", ROWS, f"{day:%F}")
                for day in hours.days()
            ),
        )
        tables = published.tables | {f"marts.fact_{i}": by_day for i in range(TABLES_BY_DAY)}
        record = encode(replace(published, tables=tables))
        (self.settings.snapshot / POINTER).write_bytes(record)

    def follow(self) -> None:
        """Let the sensor have reported all that there is."""
        seqs = {event.name: self.number if event.name in self.names else 0 for event in EVENTS}
        lake = manifest_index(self.settings).lake()
        self.cursor = msgspec.json.encode(Cursor(lake, seqs)).decode()

    def land(self) -> None:
        """One more batch of each topic."""
        self.number += 1
        for name in self.names:
            ManifestLog(self.store, name).append(manifest(name, self.number))
        self.tell_progress()

    def tell_progress(self) -> None:
        """Say that landing is caught up with everything."""
        at = START + self.number * EVERY
        for event in EVENTS:
            last = self.number if event.name in self.names else 0
            ends = ends_of(self.number) if last else {}
            write_progress(self.store, Progress(event.name, at, ends, ends, last, "w", at))

    def write_checkpoints(self) -> None:
        """What Spark keeps of its last 100 batches, as it writes it."""
        for name in self.names:
            folder = Path(self.landing.checkpoint(name))
            for log in ("offsets", "commits", "sources/0"):
                (folder / log).mkdir(parents=True, exist_ok=True)
            (folder / "lake.json").write_text('{"lake_id": "long-life"}')
            (folder / "metadata").write_text('{"id":"w"}')
            initial = json.dumps({name: dict.fromkeys(map(str, range(PARTITIONS)), 0)})
            (folder / "sources/0/0").write_text("\0v1\n" + initial)
            for number in range(max(1, self.number - 100), self.number + 1):
                write_batch(folder, name, number)

    def tick(self) -> None:
        """The sensor finds one new batch of each topic."""
        self.land()
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        sensor = manifest_sensor(self.settings)
        began = time.perf_counter()
        result = sensor(context)
        self.note("tick", began)
        assert isinstance(result, dg.SensorResult)
        assert not result.run_requests, "all complete hours are built"
        self.cursor = result.cursor

    def start(self) -> None:
        """Landing looks at lake and checkpoints, and finds that they fit."""
        for name in self.names:
            write_batch(Path(self.landing.checkpoint(name)), name, self.number)
        began = time.perf_counter()
        lake_id = lake_record.claim(self.store)
        for event in EVENTS:
            known = event.name in self.names
            ends = ends_of(self.number) if known else dict.fromkeys(range(PARTITIONS), 0)
            held = {partition: Held(0, end) for partition, end in ends.items()}
            source = Source("nowhere", held)
            checked_ground(self.landing, event, self.store, lake_id, source)
        self.note("landing_start", began)

    def note(self, what: str, began: float) -> None:
        """Keep how long it took since `began`."""
        self.seconds.setdefault(what, []).append(time.perf_counter() - began)


def ends_of(number: int) -> dict[int, int]:
    """Where the offsets of batch `number` end."""
    return dict.fromkeys(range(PARTITIONS), number * ROWS // PARTITIONS)


def manifest(name: str, seq: int) -> Manifest:
    """The record of a batch of two minutes, in its first of an hour with some late rows."""
    at = START + seq * EVERY
    hours = [hour_of(at - EVERY)] if seq % 30 else [hour_of(at - EVERY), hour_of(at - HOUR)]
    files = [
        DataFile(f"{hour_folder(name, hour)}/batch=w-{seq}/p{p}.parquet", hour_key(hour), 0, 90_000)
        for hour in dict.fromkeys(hours)
        for p in range(PARTITIONS)
    ]
    share = ROWS // PARTITIONS
    return Manifest(
        event=name, seq=seq, kind="stream", writer="w", batch=seq, batch_at=at, committed_at=at,
        contract_version=1,
        offsets=tuple(
            PartitionRange(name, p, (seq - 1) * share, seq * share, share, 0, 0)
            for p in range(PARTITIONS)
        ),
        accepted=ROWS, rejected=0, rejected_by_reason={},
        files=tuple(replace(each, rows=ROWS // len(files)) for each in files), rejected_files=(),
        min_occurred_at=at - EVERY, max_occurred_at=at,
    )  # fmt: skip


def write_batch(folder: Path, name: str, number: int) -> None:
    """A batch that Spark planned and holds done."""
    ends = json.dumps({name: {str(p): end for p, end in ends_of(number).items()}})
    (folder / "offsets" / str(number)).write_text(f'v1\n{{"batchTimestampMs":0}}\n{ends}')
    (folder / "commits" / str(number)).write_text("v1\n{}")


def measured(lives: dict[str, Life], what: Callable[[Life], None]) -> None:
    """Do it on all lives in turns."""
    for _ in range(ROUNDS):
        for life in lives.values():
            what(life)


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--days", type=int, default=365, help="age of the older one")
    parser.add_argument("--topics", type=int, default=1, help="topics that are not silent")
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary one]")
    options = parser.parse_args()
    configure_logs()
    os.environ.pop("MUSICFLOW_LAKE", None)
    folder = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        lives = {
            name: Life(folder / name, days, options.topics)
            for name, days in (("day", 1), ("year", options.days))
        }
        for name, life in lives.items():
            life.live()
            say(f"index_of_a_{name}", life.seconds["index"][0], "s", manifests=life.number)
            life.follow()
            life.tick()
            say(f"first_plan_of_a_{name}", 1000 * life.seconds["tick"].pop(), "ms")
        measured(lives, Life.tick)
        measured(lives, Life.start)
        for what in ("tick", "landing_start"):
            medians = {n: 1000 * statistics.median(each.seconds[what]) for n, each in lives.items()}
            ratio = round(medians["year"] / medians["day"], 3)
            say(what, medians["day"], "ms", days=1)
            say(what, medians["year"], "ms", days=options.days, baseline="day", ratio=ratio)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
