"""Batch files into the lake: `python -m benchmarks.batch`, one figure a line.

`--events N` makes the files smaller. Each side has a process of its own and takes its file twice,
of which the second time counts. The baseline promises nothing: polars reads the same file and
writes one Parquet file. A ratio above 1 says that ours is better.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.landing_topic import listens
from benchmarks.processes import cpu_seconds, watched_memory
from contracts.events import LISTEN_EVENTS
from streaming.batch.files import destination
from streaming.batch.landing import FileLanding
from streaming.batch.source import Reading, source_of
from streaming.plain import PLAIN_TYPES
from streaming.settings import LandingSettings

ROOT = Path(__file__).parents[1]
EVENTS = 1_000_000
FORMS = ("csv", "ndjson")
START = "2020-01-01"


def main(arguments: list[str]) -> None:
    """Compare both formats with polars."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"[default: {EVENTS:,}]")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        files = written(Path(folder), options.events)
        for form in FORMS:
            ours, plain = (taken(side, files[form]) for side in ("ours", "polars"))
            for unit, figure in {"CPU-s/M": "cpu", "1/s": "rate", "MiB": "mebibytes"}.items():
                say(f"{form}_{figure}", ours[figure], unit)
            say(f"{form}_cpu", ours["cpu"], "CPU-s/M", baseline="polars read and write",
                ratio=round(plain["cpu"] / ours["cpu"], 2))  # fmt: skip


def say(metric: str, value: float, unit: str, **more: object) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": "batch", "metric": metric, "value": round(value, 2), "unit": unit}
    print(json.dumps(figure | more), flush=True)


def written(folder: Path, events: int) -> dict[str, Path]:
    """The same listens in each format."""
    lines = b"\n".join(listens(events)) + b"\n"
    files = {form: folder / f"listen_events.{form}" for form in FORMS}
    files["ndjson"].write_bytes(lines)
    pl.read_ndjson(lines, schema=schema()).write_csv(files["csv"])
    return files


def schema() -> dict[str, type[pl.DataType]]:
    """The types of the fields by their wire names."""
    return {each.wire_name: PLAIN_TYPES[each.type] for each in LISTEN_EVENTS}


def taken(side: str, file: Path) -> dict[str, float]:
    """What one side takes for the file, when warm."""
    command = [sys.executable, "-m", "benchmarks.batch", side, str(file)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def ours(file: Path, home: Path) -> int:
    """Rules, rejects, ids, classes, Parquet by hour, a manifest."""
    to = destination(LandingSettings.read(home=home, start=START), "lake")
    return FileLanding(to, source_of(file, Reading())).land().accepted


def plain(file: Path, home: Path) -> int:
    """Read and write, and nothing more."""
    home.mkdir()
    if file.suffix == ".csv":
        rows = pl.read_csv(file, schema_overrides=schema())
    else:
        rows = pl.read_ndjson(file, schema=schema())
    rows.write_parquet(home / "rows.parquet")
    return len(rows)


SIDES: dict[str, Callable[[Path, Path], int]] = {"ours": ours, "polars": plain}


def run_side(side: str, file: Path) -> None:
    """Take the file twice; tell of the second time."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        SIDES[side](file, Path(folder) / "warm")
        before, began = cpu_seconds(), time.monotonic()
        with watched_memory() as peak:
            events = SIDES[side](file, Path(folder) / "measured")
        wall, cpu = time.monotonic() - began, cpu_seconds() - before
    told = {"cpu": cpu / events * 1e6, "rate": events / wall, "mebibytes": peak.rss / 2**20}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in SIDES:
        run_side(sys.argv[1], Path(sys.argv[2]))
    else:
        main(sys.argv[1:])
