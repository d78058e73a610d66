"""Landing into a bucket against landing into a folder, on the same topic.

The bucket is of the fake of Google's storage on this machine: the figure tells what the requests
cost, not how far away Google is.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.landing import Taken, cache, side, topic
from benchmarks.landing_sides import BUCKET
from local.object_stores import fake_gcs, make_gcs_bucket

EVENTS = 1_000_000


def measure(events: int = EVENTS) -> Iterator[dict[str, object]]:
    """Rate and CPU of both, each warm and in a process of its own."""
    with topic(events, 0) as (address, folder), bucket(folder):
        there = side("ours_in_a_bucket", address, folder)
        here = side("ours", address, folder)
    yield _figure("landing_rate_gs", there.rate, "1/s", baseline="folder", to=here.rate)
    yield _figure("landing_rate_folder", here.rate, "1/s")
    cpu, baseline = _cpu(there), _cpu(here)
    yield _figure("landing_cpu_gs", cpu, "CPU-s/M", baseline="folder", to=baseline)
    yield _figure("landing_cpu_folder", baseline, "CPU-s/M")


@contextmanager
def bucket(folder: Path) -> Iterator[None]:
    """An empty bucket, and the variable that leads there."""
    with fake_gcs(cache(), folder / "gcs.log") as server:
        os.environ |= server.environment
        make_gcs_bucket(server.endpoint, BUCKET)
        yield


def _cpu(taken: Taken) -> float:
    return taken.cpu_per_million


def _figure(
    metric: str, value: float, unit: str, baseline: str | None = None, to: float = 0
) -> dict[str, object]:
    figure = {"benchmark": "cloud", "metric": metric, "value": round(value, 2), "unit": unit}
    return figure | ({"baseline": baseline, "ratio": round(value / to, 2)} if baseline else {})
