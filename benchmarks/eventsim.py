"""eventsim against the classic: `python -m benchmarks.eventsim DATA [--quick]`.

DATA is the folder of the real data (`eventsim/example-config.json`, `msd/listen_counts.txt.gz`).
Prints speed to files, with two workers, to Parquet, and to a Kafka broker that is started for it;
then the memory of many listeners, and the acceptance table. CPU-seconds are those of whole
processes, start-up included.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.eventsim_table import (
    DAYS,
    TABLE,
    USERS,
    case,
    measured,
    simulated,
    songs_by_plays,
)
from local.broker import broker
from local.workspace import Workspace

ROOT = Path(__file__).parents[1]

CLASSIC_PAGE_VIEWS_PER_CPU_SECOND = 100_000
CLASSIC_MESSAGES_PER_CPU_SECOND = 60_000
MILLION, HOURS_OF_MILLIONS = 1_000_000, ("2024-01-01", "2024-01-01T06:00:00")
ALL_DAYS = ("2024-01-01", "2024-03-09")


@dataclass(frozen=True, slots=True)
class Case:
    """What is simulated; times as eventsim takes them."""

    data: Path
    songs: Path
    users: int
    times: tuple[str, str] = ALL_DAYS


@dataclass(frozen=True, slots=True)
class Cost:
    """What a process took, with those it started."""

    page_views: int
    messages: int
    user_seconds: float
    system_seconds: float
    wall_seconds: float
    largest_mebibytes: float
    """Of the largest of the processes."""

    @property
    def cpu_seconds(self) -> float:
        """On all cores together."""
        return self.user_seconds + self.system_seconds


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="a tenth of the users")
    options = parser.parse_args()
    scale = 10 if options.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        songs = Path(folder) / "songs.csv"
        songs_by_plays(options.data / "msd" / "listen_counts.txt.gz", songs)
        whole = Case(options.data, songs, USERS // scale)
        # The table comes last: what this process holds would count as its children's memory.
        to_files(whole, folder)
        to_kafka(whole, Path(folder))
        memory(whole, scale, folder)
        table(whole)


def to_files(whole: Case, folder: str) -> None:
    """NDJSON by one process and by two, and Parquet."""
    # Never over files that are there, as emptying those takes time, too.
    one = run(whole, ["--output", f"{folder}/one"])
    speed("files", one)
    shutil.rmtree(f"{folder}/one")
    two = run(whole, ["--output", f"{folder}/two", "--workers", "2"])
    shutil.rmtree(f"{folder}/two")
    rate = two.page_views / two.wall_seconds
    show("two_workers_page_views_per_second", rate, "1/s", one.page_views / one.wall_seconds)
    speed("parquet", run(whole, ["--output", f"{folder}/columns", "--format", "parquet"]))


def to_kafka(whole: Case, folder: Path) -> None:
    """To a broker of our own."""
    cache = os.environ.get("MUSICFLOW_CACHE", str(ROOT / ".musicflow" / "cache"))
    workspace = Workspace.under(folder, "kafka")
    environment = {**os.environ, **workspace.settings(), "MUSICFLOW_CACHE": cache}
    environment.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    with broker(workspace, environment, port=0) as kafka:
        speed("kafka", run(whole, ["--kafka", kafka.servers]))


def memory(whole: Case, scale: int, folder: str) -> None:
    """A million listeners, and ten million, for a few hours."""
    for millions in (1, 10):
        users = millions * MILLION // scale
        many = Case(whole.data, whole.songs, users, HOURS_OF_MILLIONS)
        cost = run(many, ["--output", f"{folder}/events"])
        show(f"memory_of_{users}_users", cost.largest_mebibytes, "MiB")


def table(whole: Case) -> None:
    """Print each metric beside the classic's."""
    world = case(whole.data, whole.songs)
    ours = measured(world, simulated(world, whole.users, DAYS), DAYS)
    ours["page_views"] *= USERS / whole.users
    for metric in TABLE:
        value = ours[metric.name]
        show(metric.name, value, "", metric.classic, within=metric.holds(value))


def run(asked: Case, to: list[str]) -> Cost:
    """Simulate in a process of its own."""
    start, end = asked.times
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "eventsim", "--config",
            str(asked.data / "eventsim" / "example-config.json"), "--nusers", str(asked.users),
            "--growth-rate", "0.01", "--start-time", start, "--end-time", end,
            "--songs", str(asked.songs), "--report", str(report), *to,
        ]  # fmt: skip
        began = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        if os.waitstatus_to_exitcode(status):
            raise subprocess.CalledProcessError(os.waitstatus_to_exitcode(status), command)
        topics = json.loads(report.read_text())["topics"]
    return Cost(
        page_views=topics["page_view_events"]["messages"],
        messages=sum(topic["messages"] for topic in topics.values()),
        user_seconds=used.ru_utime,
        system_seconds=used.ru_stime,
        wall_seconds=wall,
        largest_mebibytes=used.ru_maxrss / 1024,
    )


def speed(name: str, cost: Cost) -> None:
    """Print what it took."""
    show(f"{name}_page_views_per_cpu_second", cost.page_views / cost.cpu_seconds, "1/s",
         CLASSIC_PAGE_VIEWS_PER_CPU_SECOND)  # fmt: skip
    show(f"{name}_messages_per_cpu_second", cost.messages / cost.cpu_seconds, "1/s",
         CLASSIC_MESSAGES_PER_CPU_SECOND)  # fmt: skip
    show(f"{name}_user_cpu", cost.user_seconds, "s")
    show(f"{name}_system_cpu", cost.system_seconds, "s")
    show(f"{name}_wall", cost.wall_seconds, "s")
    show(f"{name}_memory", cost.largest_mebibytes, "MiB")


def show(
    metric: str,
    value: float,
    unit: str,
    baseline: float | None = None,
    *,
    within: bool | None = None,
) -> None:
    """Print one figure."""
    line: dict[str, object] = {
        "benchmark": "eventsim", "metric": metric, "value": round(value, 5), "unit": unit,
    }  # fmt: skip
    if baseline is not None:
        line |= {"baseline": round(baseline, 5), "ratio": round(value / baseline, 4)}
    if within is not None:
        line["within"] = within
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
