"""The main job's figures: `python -m benchmarks.main_job [HOME]`, one JSON object a line.

Runs the demo in a temporary folder (or uses the one that stands in HOME) and measures on what it
left: the rate of landing, of raw loads beside the bare read they stand on, dbt's build of one
hour and of all, and how long Dagster takes to load the code location.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import duckdb

from contracts.events import EVENTS, PAGE_VIEW_EVENTS
from contracts.lake import HOUR
from contracts.logs import configure_logs
from contracts.manifests import ManifestLog
from contracts.store import open_store
from local.workspace import Workspace
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse

ROOT = Path(__file__).parents[1]
BENCHMARK = "main_job"


def say(metric: str, value: float, unit: str, **more: float | str) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": BENCHMARK, "metric": metric, "value": round(value, 2), "unit": unit}
    print(json.dumps({**figure, **more}), flush=True)


def main(arguments: list[str]) -> None:
    """Measure everything."""
    configure_logs()
    with home(arguments) as work_folder:
        workspace = Workspace.under(work_folder, "demo")
        report = json.loads((workspace.home / "report.json").read_text())
        for stage, seconds in report["seconds"].items():
            say(f"demo_{stage}", seconds, "s")
        measure_landing(workspace)
        measure_raw_load(workspace)
        measure_dbt(workspace)
        measure_code_location(workspace)


@contextmanager
def home(arguments: list[str]) -> Iterator[Path]:
    """The work folder of a demo: the given one, or that of a demo run now."""
    if arguments:
        yield Path(arguments[0])
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "local", "demo", "--home", folder]
        cache = os.environ.get("MUSICFLOW_CACHE", str(ROOT / ".musicflow" / "cache"))
        environment = {**os.environ, "MUSICFLOW_CACHE": cache}
        subprocess.run(command, check=True, stdout=sys.stderr, env=environment, cwd=ROOT)
        yield Path(folder)


def measure_landing(workspace: Workspace) -> None:
    """Messages per second from the first batch's plan to the last manifest, all topics at once."""
    store = open_store(str(workspace.lake))
    manifests = [each for event in EVENTS for each in ManifestLog(store, event.name).after(0)]
    messages = sum(each.accepted + each.rejected for each in manifests)
    began = min(each.batch_at for each in manifests)
    ended = max(each.committed_at for each in manifests)
    say("landing", messages / (ended - began).total_seconds(), "messages/s", messages=messages)


def measure_raw_load(workspace: Workspace) -> None:
    """Rows per second of a day of page views, against the bare read of the same files."""
    store = open_store(str(workspace.lake))
    index = LakeIndex(workspace.home / "benchmark" / "index.sqlite", store)
    index.refresh()
    with_rows = index.fingerprints()[PAGE_VIEW_EVENTS.name]
    day = HourRange(min(with_rows), max(with_rows) + HOUR)
    landed, files = index.hours(PAGE_VIEW_EVENTS.name, day.start, day.end)
    rows = sum(hour.rows for hour in landed.values())
    urls = [store.url(file.path) for file in files]
    with open_warehouse(workspace.home / "benchmark" / "musicflow.duckdb") as connection:
        prepare(connection)
        loaded = timed(
            lambda: load_hours(DuckDBWarehouse(connection), index, PAGE_VIEW_EVENTS, day)
        )
        bare = timed(
            lambda: connection.execute("create table bare as from read_parquet(?)", [urls])
        )
    shutil.rmtree(workspace.home / "benchmark")
    say(
        "raw_load", rows / loaded, "rows/s",
        rows=rows, baseline="insert_from_read_parquet", ratio=round(bare / loaded, 2),
    )  # fmt: skip


def measure_dbt(workspace: Workspace) -> None:
    """Seconds of `dbt build`, start-up and tests included, for the last hour and for the day."""
    with tempfile.TemporaryDirectory() as folder:
        warehouse = Path(folder) / "musicflow.duckdb"
        shutil.copy(workspace.home / "warehouse" / "musicflow.duckdb", warehouse)
        with duckdb.connect(warehouse, read_only=True) as connection:
            [(last,)] = connection.execute(
                "select date_trunc('hour', max(occurred_at)) from raw.listen_events"
            ).fetchall()
        end = last + HOUR
        for hours in (1, 24):
            start = end - timedelta(hours=hours)
            seconds = timed(partial(build, warehouse, Path(folder), start, end))
            say(f"dbt_build_{hours}h", seconds, "s")


def build(warehouse: Path, target: Path, start: datetime, end: datetime) -> None:
    """One `dbt build` of the window, as Dagster asks for it."""
    window = {
        "MUSICFLOW_WAREHOUSE": str(warehouse),
        "MUSICFLOW_WINDOW_START": f"{start:%Y-%m-%d %H:%M:%S}",
        "MUSICFLOW_WINDOW_END": f"{end:%Y-%m-%d %H:%M:%S}",
    }
    command = [
        str(Path(sys.executable).with_name("dbt")), "--quiet", "build",
        "--project-dir", "dbt_project", "--profiles-dir", "dbt_project",
        "--target-path", str(target), "--exclude-resource-type", "unit_test",
    ]  # fmt: skip
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **window}, stdout=sys.stderr)


def measure_code_location(workspace: Workspace) -> None:
    """Seconds to load what `dagster dev` loads, with dbt's manifest prepared."""
    code = "from musicflow_dagster import definitions as d; d.definitions().get_repository_def()"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = timed(lambda: python(code, {**os.environ, **workspace.settings()}))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    say("code_location_load", seconds, "s", cpu_seconds=round(cpu, 2))


def python(code: str, environment: Mapping[str, str]) -> None:
    """Run code in a process of its own."""
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, cwd=ROOT, env=dict(environment), stdout=sys.stderr)


def timed(work: Callable[[], object]) -> float:
    """Wall seconds of `work`."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


if __name__ == "__main__":
    main(sys.argv[1:])
