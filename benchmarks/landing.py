"""Landing against what people run today: `python -m benchmarks.landing`.

`--events N` makes the topic smaller, `--against plain_consumer` leaves out the other baselines,
`--latency` measures something else: from append to commit, and the start.

Every side reads the same topic of listens, in four partitions, with and without poison; each has
a process of its own and takes the topic twice, of which the second time counts. CPU-seconds are
those of all its processes. A ratio above 1 says that landing is better than the baseline.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.landing_live import MESSAGES_PER_SECOND, Place, latencies, start_seconds
from benchmarks.landing_topic import broker_with, listens, poisoned
from contracts.logs import configure_logs

ROOT = Path(__file__).parents[1]

EVENTS = 2_000_000
POISON = (0.0, 0.005)
BASELINES = ("reference_job", "plain_consumer", "raw_consume")
TRIGGER = 20
STEADY_SECONDS = 80


@dataclass(frozen=True, slots=True)
class Taken:
    """What a side took for the topic."""

    messages: int
    wall: float
    cpu: float
    mebibytes: float

    @property
    def cpu_per_million(self) -> float:
        """CPU-seconds per million messages."""
        return self.cpu / self.messages * 1_000_000

    @property
    def rate(self) -> float:
        """Messages per second."""
        return self.messages / self.wall


def say(metric: str, value: float, unit: str, **more: object) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": "landing", "metric": metric, "value": round(value, 2), "unit": unit}
    print(json.dumps(figure | more), flush=True)


def main(arguments: list[str]) -> None:
    """Measure everything, or the latency alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS, help=f"[default: {EVENTS:,}]")
    parser.add_argument(
        "--against", nargs="+", choices=BASELINES, default=BASELINES, help="[default: all]"
    )
    parser.add_argument("--latency", action="store_true", help="only append to commit, and start")
    options = parser.parse_args(arguments)
    configure_logs()
    os.environ.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    if options.latency:
        measure_latency()
        return
    for share in POISON:
        measure(options.events, share, options.against)


def measure(events: int, share: float, baselines: Sequence[str]) -> None:
    """Compare landing with baselines on one topic; without poison also one core with two."""
    with topic(events, share) as (address, folder):
        ours = side("ours", address, folder)
        show("ours", ours, poison=share)
        say("memory_peak", ours.mebibytes / 1024, "GiB", poison=share, messages=ours.messages)
        for name in baselines:
            baseline = side(name, address, folder)
            show(name, baseline, poison=share)
            compared = {"baseline": name, "poison": share}
            ratio = round(baseline.cpu / ours.cpu, 2)
            say("cpu", ours.cpu_per_million, "CPU-s/M", **compared, ratio=ratio)
            say("rate", ours.rate, "1/s", **compared, ratio=round(ours.rate / baseline.rate, 2))
        if not share:
            alone = side("ours", address, folder, cores=1)
            show("ours_on_one_core", alone, poison=share)
            ratio = round(ours.rate / alone.rate, 2)
            say("scaling", ours.rate, "1/s", baseline="local[1]", ratio=ratio)


def show(name: str, taken: Taken, *, poison: float) -> None:
    """What one side took."""
    say(f"{name}_cpu", taken.cpu_per_million, "CPU-s/M", poison=poison)
    say(f"{name}_rate", taken.rate, "1/s", poison=poison)


def measure_latency() -> None:
    """From append to committed manifest at a steady rate, and from start to the first commit."""
    with topic(100_000, 0) as (address, folder):
        say("start_to_first_commit", start_seconds(Place(address, folder / "start", cache())), "s")
    with topic(0, 0) as (address, folder):
        place = Place(address, folder / "live", cache())
        messages = listens(MESSAGES_PER_SECOND * (STEADY_SECONDS + 2))
        found = latencies(messages, place, trigger=TRIGGER, seconds=STEADY_SECONDS)
    for name, part in (("p50", 0.5), ("p95", 0.95), ("max", 1.0)):
        value = found[min(len(found) - 1, int(part * len(found)))]
        say(f"append_to_commit_{name}", value, "s", trigger=TRIGGER, messages=len(found))


@contextmanager
def topic(events: int, share: float) -> Iterator[tuple[str, Path]]:
    """Address of a broker with a topic of so many listens, and a folder to work in."""
    with tempfile.TemporaryDirectory() as folder:
        messages = poisoned(listens(events), share)
        with broker_with(messages, Path(folder) / "broker", cache()) as address:
            yield address, Path(folder)


def cache() -> Path:
    """Where jars are, so that none is downloaded twice."""
    return Path(os.environ.get("MUSICFLOW_CACHE", ROOT / ".musicflow" / "cache"))


def side(name: str, address: str, folder: Path, cores: int = 2) -> Taken:
    """What one side takes for the topic, when warm."""
    home = folder / f"{name}-{cores}"
    command = [
        sys.executable, "-m", "benchmarks.landing_sides",
        name, address, str(home), str(cache()), str(cores),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return Taken(**json.loads(done.stdout.splitlines()[-1]))


if __name__ == "__main__":
    main(sys.argv[1:])
