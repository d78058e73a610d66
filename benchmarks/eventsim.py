"""eventsim against the classic: `python -m benchmarks.eventsim DATA [--quick] [--kafka HOST:PORT]`.

DATA is the folder of the real data (`eventsim/example-config.json`, `msd/listen_counts.txt.gz`).
Prints the acceptance table, then speed: CPU-seconds of whole processes, start-up included.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
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

CLASSIC_PAGE_VIEWS_PER_CPU_SECOND = 100_000
CLASSIC_MESSAGES_PER_CPU_SECOND = 60_000


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--quick", action="store_true", help="a tenth of the users")
    parser.add_argument("--kafka", help="also to this broker")
    options = parser.parse_args()
    users = USERS // 10 if options.quick else USERS
    with tempfile.TemporaryDirectory() as folder:
        songs = Path(folder) / "songs.csv"
        songs_by_plays(options.data / "msd" / "listen_counts.txt.gz", songs)
        table(options.data, songs, users)
        speed(options.data, songs, users, ["--output", f"{folder}/events"], "files")
        columns = ["--output", f"{folder}/columns", "--format", "parquet"]
        speed(options.data, songs, users, columns, "parquet")
        if options.kafka:
            speed(options.data, songs, users, ["--kafka", options.kafka], "kafka")


def table(data: Path, songs: Path, users: int) -> None:
    """Print each metric beside the classic's."""
    world = case(data, songs)
    ours = measured(world, simulated(world, users, DAYS), DAYS)
    ours["page_views"] *= USERS / users
    for metric in TABLE:
        value = ours[metric.name]
        show(metric.name, value, "", metric.classic, within=metric.holds(value))


def speed(data: Path, songs: Path, users: int, to: list[str], name: str) -> None:
    """Run the whole case as a process of its own and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [
            sys.executable, "-m", "eventsim", "--config",
            str(data / "eventsim" / "example-config.json"), "--nusers", str(users),
            "--growth-rate", "0.01", "--start-time", "2024-01-01", "--end-time", "2024-03-09",
            "--songs", str(songs), "--report", str(report), *to,
        ]  # fmt: skip
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, check=True, env=os.environ, stderr=subprocess.DEVNULL)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        topics = json.loads(report.read_text())["topics"]
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    page_views = topics["page_view_events"]["messages"]
    messages = sum(topic["messages"] for topic in topics.values())
    show(f"{name}_page_views_per_cpu_second", page_views / cpu, "1/s",
         CLASSIC_PAGE_VIEWS_PER_CPU_SECOND)  # fmt: skip
    show(f"{name}_messages_per_cpu_second", messages / cpu, "1/s",
         CLASSIC_MESSAGES_PER_CPU_SECOND)  # fmt: skip
    show(f"{name}_user_cpu", after.ru_utime - before.ru_utime, "s")
    show(f"{name}_system_cpu", after.ru_stime - before.ru_stime, "s")
    show(f"{name}_wall", wall, "s")
    show(f"{name}_memory", after.ru_maxrss / 1024, "MiB")


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
        line |= {"baseline": baseline, "ratio": round(value / baseline, 4)}
    if within is not None:
        line["within"] = within
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
