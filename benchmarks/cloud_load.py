"""An hour of 500,000 listens from a bucket into BigQuery: seconds of the load job and of the MERGE.

Both are stand-ins on this machine, the fake of Google's storage and an emulator of BigQuery, so
the figures are for the record: they tell nothing of Google's own.
"""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.landing import cache
from benchmarks.made_lake import MadeLake
from contracts.events import LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.store import Store, open_store
from local.bigquery_emulator import bigquery_emulator
from local.object_stores import fake_gcs, make_gcs_bucket
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import judge
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.bigquery.opening import open_warehouse
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.session import BigQueryWarehouse

ROWS, FILES, COPIES = 500_000, 120, 0.01
START = datetime(2026, 1, 1, tzinfo=UTC)
HOURS = HourRange(START, START + HOUR)
BUCKET = "benchmark"
STEPS = ("judge", "load", "count", "merge", "account")


def measure() -> Iterator[dict[str, object]]:
    """Seconds of each step, into an empty table: the emulator replaces by comparing all pairs."""
    with tempfile.TemporaryDirectory() as folder, warehouse(Path(folder)) as (opened, store):
        MadeLake(Path(folder) / "lake").land(LISTEN_EVENTS, HOURS, ROWS, files=FILES, copies=COPIES)
        copied(Path(folder) / "lake", store)
        index = LakeIndex(Path(folder) / "index.sqlite", store)
        index.refresh()
        took = seconds_of_a_load(opened, index)
    for step in STEPS:
        yield _figure(f"bigquery_{step}", took[step])
    yield _figure("bigquery_load_and_merge", took["load"] + took["merge"])


def seconds_of_a_load(opened: BigQueryWarehouse, index: LakeIndex) -> dict[str, float]:
    """Judge and load the hour; seconds by step."""
    took: dict[str, float] = {}
    began = time.perf_counter()
    judgement = judge(opened, index, [LISTEN_EVENTS], [HOURS])
    took["judge"] = time.perf_counter() - began
    with (
        patch.object(Jobs, "load", _timed(Jobs.load, took)),
        patch.object(Jobs, "_query", _timed(Jobs._query, took)),  # noqa: SLF001  what is measured
    ):
        report = judgement.load(opened, LISTEN_EVENTS, list(HOURS))
    assert report.loaded[START].landed.rows >= ROWS, report.refused
    return took


@contextmanager
def warehouse(folder: Path) -> Iterator[tuple[BigQueryWarehouse, Store]]:
    """An empty warehouse in an emulator, and an empty lake in a bucket that it loads from."""
    with (
        fake_gcs(cache(), folder / "gcs.log") as gcs,
        bigquery_emulator(cache(), folder / "bigquery.log", gcs.endpoint) as bigquery,
    ):
        os.environ |= gcs.environment | bigquery.environment
        make_gcs_bucket(gcs.endpoint, BUCKET)
        opened = open_warehouse(Place(bigquery.project, "US"), "musicflow-benchmark")
        yield opened, open_store(f"gs://{BUCKET}/lake")


def copied(folder: Path, store: Store) -> None:
    """Put all that stands in a folder into the store."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            store.put(path.relative_to(folder).as_posix(), path.read_bytes())


def _timed(work: Callable[..., Any], took: dict[str, float]) -> Callable[..., Any]:
    """`work` of a job, whose seconds are added to those of its step."""
    is_load = work is Jobs.load

    def timed(self: Jobs, what: Any, about: str, *more: Any, **options: Any) -> Any:
        doing = more[0] if is_load else about
        began = time.perf_counter()
        result = work(self, what, about, *more, **options)
        step = str(doing).rpartition("-")[2]
        took[step] = took.get(step, 0) + time.perf_counter() - began
        return result

    return timed


def _figure(metric: str, value: float) -> dict[str, object]:
    return {"benchmark": "cloud", "metric": metric, "value": round(value, 2), "unit": "s",
            "rows": ROWS, "files": FILES}  # fmt: skip
