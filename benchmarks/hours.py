"""What hours cost: `python -m benchmarks.hours [PART ...] [--quick]`, one JSON object a line.

- `raw`: the raw load of one hour of listens, copies among them, beside the bare insert it stands
  on, and the share that the contract check takes of it.
- `range`: a week of hours in one run beside single-hour runs (six, extrapolated), and whether its
  cost is linear in rows.
- `hourly`: one new hour, from the sensor's tick to the published snapshot; the start of Dagster's
  process is told apart.
- `history`: the same where a year of hours stands already.

Lakes are made without Kafka. Figures are CPU-seconds of all processes (`cpu_seconds`), which tell
more than seconds on a machine that does other things too; seconds are given beside them.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ParamSpec, TypeVar
from unittest.mock import patch

import dagster as dg

from benchmarks.made_lake import MadeLake
from benchmarks.main_job import build as dbt_build
from benchmarks.processes import cpu_seconds
from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.logs import configure_logs
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.automation.sensors import manifest_sensor
from musicflow_dagster.commands.running import QUIET_CONSOLE
from musicflow_dagster.dbt_models import prepared_project, published_models, read_manifest
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.file_judge import FileJudge
from musicflow_dagster.hours import HourRange, ranges_of
from musicflow_dagster.instance import opened_instance
from musicflow_dagster.judging import load_hours
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.accounts import account_for
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare, set_pseudonym_key
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.pseudonyms import pseudonym_key
from musicflow_dagster.warehouse.published import RECONCILIATION

P = ParamSpec("P")
R = TypeVar("R")
ROOT = Path(__file__).parents[1]
AT_ONCE = 2_190
"""Hours that dbt builds at once where a past is made."""
START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    listens: int = 500_000
    files: int = 120
    """Of that hour: 30 batches of 4 Kafka partitions."""
    range_hours: int = 168
    range_rows: int = 10_000
    singles: int = 6
    hour_rows: int = 50_000
    history_hours: int = 8_760
    history_rows: int = 1_000


QUICK = Sizes(50_000, 12, 24, 1_000, 2, 5_000, 720, 100)


@dataclass(slots=True)
class Cost:
    """What some work took."""

    cpu: float = 0.0
    wall: float = 0.0


@contextmanager
def measured() -> Iterator[Cost]:
    """The cost of the block, of all processes that it starts and waits for too."""
    cost, cpu, began = Cost(), cpu_seconds(), time.perf_counter()
    yield cost
    cost.cpu, cost.wall = cpu_seconds() - cpu, time.perf_counter() - began


def say(metric: str, value: float, unit: str, **more: float | str) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": "hours", "metric": metric, "value": round(value, 3), "unit": unit}
    rounded = {
        key: round(each, 3) if isinstance(each, float) else each for key, each in more.items()
    }
    print(json.dumps(figure | rounded), flush=True)


def hours(first: int, count: int) -> HourRange:
    """`count` hours from the `first` on."""
    return HourRange(START + first * HOUR, START + (first + count) * HOUR)


def raw_load(folder: Path, sizes: Sizes) -> None:
    """Bare insert, load and the check within it, in turns; of each the cheapest of five."""
    settings = Settings(home=folder, start=START)
    lake = MadeLake(Path(settings.lake))
    lake.land(LISTEN_EVENTS, hours(0, 1), sizes.listens, files=sizes.files, copies=0.01)
    index = manifest_index(settings)
    index.refresh()
    urls = [
        lake.store.url(file.path)
        for file in index.hours(LISTEN_EVENTS.name, START, START + HOUR)[1]
    ]
    checks: list[float] = []
    bare: list[float] = []
    loads: list[float] = []
    with (
        open_warehouse(settings.warehouse) as connection,
        patch.object(FileJudge, "_find_breaches", timed(FileJudge._find_breaches, checks)),  # noqa: SLF001  what is measured
    ):
        prepare(connection)
        for _ in range(5):
            connection.execute(
                "create or replace table bare as from read_parquet(?) limit 0", [urls]
            )
            timed(connection.execute, bare)("insert into bare from read_parquet(?)", [urls])
            timed(load_hours, loads)(DuckDBWarehouse(connection), index, LISTEN_EVENTS, hours(0, 1))
    apart = min(load - check for load, check in zip(loads, checks, strict=True))
    say("raw_load", sizes.listens / apart, "rows/cpu-s", baseline="insert_from_read_parquet",
        ratio=min(bare) / apart, rows=sizes.listens)  # fmt: skip
    say("contract_check", min(checks), "cpu-s", baseline="raw_load", ratio=min(checks) / min(loads))


def timed(work: Callable[P, R], spent: list[float]) -> Callable[P, R]:
    """`work`, which notes the CPU-seconds of this process that it takes."""

    def working(*arguments: P.args, **keywords: P.kwargs) -> R:
        began = time.process_time()
        try:
            return work(*arguments, **keywords)
        finally:
            spent.append(time.process_time() - began)

    return working


class Platform:
    """A home with a lake of its own, or that of another, and what runs there."""

    def __init__(self, home: Path, lake: Path | None = None) -> None:
        """Make everything ready that the first run would make."""
        self.settings = Settings(home=home, start=START, lake=str(lake or home / "lake"))
        self.lake = MadeLake(Path(self.settings.lake))
        self.cursor: str | None = None
        self.job = build_definitions(self.settings).resolve_job_def(HOURLY)

    def run(self, window: HourRange) -> Cost:
        """One run of `window`, in this process as a run worker would do it."""
        with (
            opened_instance(self.settings.dagster_home) as instance,
            measured() as cost,
            redirect_stdout(sys.stderr),
        ):
            done = self.job.execute_in_process(
                instance=instance, tags=range_tags(window), run_config=QUIET_CONSOLE
            )
        assert done.success
        return cost

    def tick(self) -> tuple[Cost, int]:
        """The sensor looks at what is new in the lake; how many runs it asks for."""
        sensor = manifest_sensor(self.settings)
        with opened_instance(self.settings.dagster_home) as instance:
            context = dg.build_sensor_context(instance=instance, cursor=self.cursor)
            with measured() as cost:
                result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return cost, len(result.run_requests or [])

    def process(self, *arguments: str) -> Cost:
        """Python in a process of its own, with this platform's settings."""
        variables = {
            "MUSICFLOW_HOME": str(self.settings.home),
            "MUSICFLOW_LAKE": self.settings.lake,
            "MUSICFLOW_START": START.isoformat(),
            "DAGSTER_HOME": str(self.settings.dagster_home),
        }
        with measured() as cost:
            subprocess.run(
                [sys.executable, *arguments], env=os.environ | variables, cwd=ROOT, check=True,
                stdout=sys.stderr,
            )  # fmt: skip
        return cost

    def live(self, past: HourRange) -> None:
        """Build what stands of `past` without Dagster, which would take an hour over a year."""
        index = manifest_index(self.settings)
        index.refresh()
        with open_warehouse(self.settings.warehouse) as connection:
            prepare(connection)
            set_pseudonym_key(connection, pseudonym_key(None, self.settings.home))
            for event in EVENTS:
                load_hours(DuckDBWarehouse(connection), index, event, past)
        with tempfile.TemporaryDirectory() as target:
            for part in ranges_of(past, AT_ONCE):
                dbt_build(self.settings.warehouse, Path(target), part.start, part.end)
        models = published_models(read_manifest(prepared_project(self.settings)))
        tables = [*(table for _, table in models), *RECONCILIATION]
        with open_warehouse(self.settings.warehouse) as connection:
            account_for(connection, past)
            Publisher(connection, self.settings.snapshot).publish(tables, past)


def range_of_hours(folder: Path, sizes: Sizes) -> None:
    """All of the range in one run, half of it in one run, some hours in a run each."""
    count = sizes.range_hours
    whole = Platform(folder / "whole")
    whole.lake.land_all(hours(0, count + 1), sizes.range_rows)
    half, single = (Platform(folder / name, whole.lake.root) for name in ("half", "single"))
    for platform in (whole, half, single):
        platform.run(hours(count, 1))  # so that none of them is the first
    singles = [single.run(hours(number, 1)) for number in range(sizes.singles)]
    one_by_one = sum(each.cpu for each in singles) / len(singles) * count
    halved, cost = half.run(hours(0, count // 2)), whole.run(hours(0, count))
    rows = count * sizes.range_rows
    say("range", cost.cpu, "cpu-s", seconds=cost.wall, hours=count, rows=rows,
        baseline="hour_by_hour", hour_by_hour=one_by_one, ratio=one_by_one / cost.cpu)  # fmt: skip
    say("range_is_linear", cost.cpu, "cpu-s", baseline="twice_half_the_range",
        ratio=cost.cpu / (2 * halved.cpu))  # fmt: skip


def hourly(folder: Path, sizes: Sizes) -> Cost:
    """A new hour where one stands."""
    return new_hour(Platform(folder), sizes, past=1, metric="hourly_run")


def new_hour(platform: Platform, sizes: Sizes, past: int, metric: str) -> Cost:
    """An hour of many events lands after `past` hours that are built, and is published."""
    platform.lake.catch_up(hours(0, past))
    platform.process("-m", "musicflow_dagster", "build")
    platform.tick()
    platform.lake.land_all(hours(past, 1), sizes.hour_rows)
    tick, asked_for = platform.tick()
    assert asked_for == 1
    total = platform.process("-m", "musicflow_dagster", "build")
    code = "from musicflow_dagster import definitions as d; d.definitions().get_repository_def()"
    start_up = platform.process("-c", code)
    cost = Cost(tick.cpu + total.cpu, tick.wall + total.wall)
    say(metric, cost.cpu, "cpu-s", seconds=cost.wall, rows=sizes.hour_rows, tick_cpu=tick.cpu,
        start_up_cpu=start_up.cpu, start_up_seconds=start_up.wall)  # fmt: skip
    return cost


def history(folder: Path, sizes: Sizes) -> None:
    """A new hour where a year stands, beside one where an hour does."""
    count = sizes.history_hours
    young, old = Platform(folder / "young"), Platform(folder / "old")
    for platform, past in ((young, 1), (old, count)):
        platform.lake.land_all(hours(0, past), sizes.history_rows)
        platform.live(hours(0, past))
    before = new_hour(young, sizes, past=1, metric="hourly_run")
    after = new_hour(old, sizes, past=count, metric="hourly_run_after_a_year")
    say("growth", after.cpu, "cpu-s", baseline="hourly_run", ratio=after.cpu / before.cpu,
        ratio_of_seconds=after.wall / before.wall, hours=count)  # fmt: skip


PARTS: dict[str, Callable[[Path, Sizes], object]] = {
    "raw": raw_load,
    "range": range_of_hours,
    "hourly": hourly,
    "history": history,
}


def main() -> None:
    """Measure the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="[default: all]")
    parser.add_argument("--quick", action="store_true", help="small sizes: does it work at all")
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary one]")
    options = parser.parse_args()
    configure_logs()
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            PARTS[name](Path(folder), QUICK if options.quick else Sizes())


if __name__ == "__main__":
    main()
