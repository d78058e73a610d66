"""What the warehouse costs: `python -m benchmarks.warehouse [PART ...]`, one JSON object a line.

- `full`: a day of listens with all that goes with them, from the lake to reporting: the raw load,
  and dbt's build of everything; for 1 M listens, with --full for 10.4 M (a day of the best-known
  peer's dashboard) and 20 M too, and whether that is linear.
- `hour`: one hour of 430,000 listens (that peer's mean hour) with all that goes with them, after
  a day of small hours: dbt's run of all models, start-up included, and its tests apart.
- `growth`: one more small hour after a year of them, beside one more after a day.

Nothing but dbt and DuckDB, in processes of their own. Times are seconds of the clock; CPU-seconds
stand beside them, which tell more on a machine that does other things too.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.hours import Cost, measured
from benchmarks.made_lake import EVENTS_OF_A_VISIT, SHARES, MadeLake, rows_between, table_of
from benchmarks.processes import watched_memory
from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.logs import configure_logs
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import load_hours
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare, set_pseudonym_key
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse

ROOT = Path(__file__).parents[1]
START = datetime(2025, 1, 1, tzinfo=UTC)
DAY = 24
LISTENS = SHARES[LISTEN_EVENTS.name]
"""Share of the listens in all events."""
YEAR_AT_ONCE = 730
"""Hours that are made at once where a past is made, so that they fit in memory."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of everything."""

    days: tuple[int, ...] = (1_000_000,)
    """Listens of the days that are built in full."""
    hour: int = 430_000
    """Listens of the hour."""
    past_hours: int = 8_760
    past_events: int = 1_000
    """Events of each of them, of all kinds."""
    rounds: int = 3


FULL = Sizes(days=(1_000_000, 10_400_000, 20_000_000))
QUICK = Sizes((10_000, 20_000), hour=5_000, past_hours=240, past_events=100, rounds=1)


def say(metric: str, cost: Cost, **more: float | str) -> None:
    """One figure, as one line of JSON."""
    figure = {"benchmark": "warehouse", "metric": metric, "value": round(cost.wall, 2), "unit": "s",
              "cpu_seconds": round(cost.cpu, 2)}  # fmt: skip
    rounded = {
        key: round(each, 3) if isinstance(each, float) else each for key, each in more.items()
    }
    print(json.dumps(figure | rounded), flush=True)


def hours(first: int, count: int) -> HourRange:
    """`count` hours from the `first` on."""
    return HourRange(START + first * HOUR, START + (first + count) * HOUR)


class Warehouse:
    """One DuckDB file, what is put into it, and dbt on it."""

    def __init__(self, folder: Path) -> None:
        """Make everything ready that the first run would make."""
        folder.mkdir(parents=True, exist_ok=True)
        self.path, self.target = folder / "musicflow.duckdb", folder / "target"
        self.chance = np.random.default_rng(1)
        with open_warehouse(self.path) as connection:
            prepare(connection)
            set_pseudonym_key(connection, "of a benchmark")

    def load(self, lake: MadeLake, window: HourRange) -> None:
        """What the lake has of the window, as the platform loads it."""
        index = LakeIndex(self.path.with_name("index.sqlite"), lake.store)
        index.refresh()
        with open_warehouse(self.path) as connection:
            for event in EVENTS:
                load_hours(DuckDBWarehouse(connection), index, event, window)

    def add(self, window: HourRange, an_hour: int) -> None:
        """`an_hour` events of all kinds in each hour, past the lake and its accounts."""
        visitors = max(1, an_hour // EVENTS_OF_A_VISIT)
        with open_warehouse(self.path) as connection:
            connection.execute("set TimeZone = 'UTC'")
            for event in EVENTS:
                count = max(1, round(an_hour * SHARES[event.name]))
                rows = rows_between(window, count, visitors, self.chance)
                connection.register("made", table_of(event, rows, 0))
                connection.execute(f"insert into raw.{event.name} by name from made")
                connection.unregister("made")

    def dbt(self, command: str, window: HourRange | None = None) -> Cost:
        """Run dbt in a process of its own, for a window or for all that raw holds."""
        bounds = {"MUSICFLOW_WAREHOUSE": str(self.path)}
        if window:
            bounds |= {
                "MUSICFLOW_WINDOW_START": f"{window.start:%Y-%m-%d %H:%M:%S}",
                "MUSICFLOW_WINDOW_END": f"{window.end:%Y-%m-%d %H:%M:%S}",
            }
        arguments = [
            str(Path(sys.executable).with_name("dbt")), "--quiet", command,
            "--project-dir", "dbt_project", "--profiles-dir", "dbt_project",
            "--target-path", str(self.target), "--log-level-file", "none",
        ]  # fmt: skip
        if command == "test":
            arguments += ["--exclude-resource-type", "unit_test"]
        with measured() as cost:
            subprocess.run(
                arguments, check=True, cwd=ROOT, env=os.environ | bounds, stdout=sys.stderr
            )
        return cost


def full(folder: Path, sizes: Sizes) -> None:
    """Days of some sizes, each from its lake to reporting."""
    each_listen: list[float] = []
    for listens in sizes.days:
        place = folder / str(listens)
        lake = MadeLake(place / "lake")
        for hour in hours(0, DAY):
            lake.land_all(HourRange(hour, hour + HOUR), round(listens / DAY / LISTENS))
        warehouse = Warehouse(place)
        warehouse.dbt("parse")  # as the platform has done before the first run
        with measured() as loading, watched_memory() as peak_of_load:
            warehouse.load(lake, hours(0, DAY))
        with watched_memory() as peak:
            cost = warehouse.dbt("run")
        each_listen.append(cost.wall / listens)
        say("raw_load_of_a_day", loading, listens=listens, peak_mb=peak_of_load.rss / 1e6)
        say(
            "full_build", cost, listens=listens, events=round(listens / LISTENS),
            peak_mb=peak.rss / 1e6, baseline="a_listen_of_the_smallest_day",
            ratio=each_listen[-1] / each_listen[0],
        )  # fmt: skip


def hour(folder: Path, sizes: Sizes) -> None:
    """A busy hour after a day of small ones; each round is a new hour, the cheapest counts."""
    warehouse = Warehouse(folder)
    warehouse.add(hours(0, DAY), sizes.past_events)
    warehouse.dbt("run")
    runs, tests = [], []
    for number in range(DAY, DAY + sizes.rounds):
        window = hours(number, 1)
        warehouse.add(window, round(sizes.hour / LISTENS))
        runs.append(warehouse.dbt("run", window))
        tests.append(warehouse.dbt("test", window))
    say("busy_hour", cheapest(runs), listens=sizes.hour, events=round(sizes.hour / LISTENS))
    say("busy_hour_tests", cheapest(tests))


def growth(folder: Path, sizes: Sizes) -> None:
    """One more hour after a day and after a year, in turns; of each the cheapest counts."""
    pasts = {DAY: Warehouse(folder / "day"), sizes.past_hours: Warehouse(folder / "year")}
    for past, warehouse in pasts.items():
        for first in range(0, past, YEAR_AT_ONCE):
            count = min(YEAR_AT_ONCE, past - first)
            warehouse.add(hours(first, count), sizes.past_events)
        warehouse.dbt("run")
    costs: dict[int, list[Cost]] = {past: [] for past in pasts}
    for number in range(sizes.rounds):
        for past, warehouse in pasts.items():
            window = hours(past + number, 1)
            warehouse.add(window, sizes.past_events)
            costs[past].append(warehouse.dbt("run", window))
    young, old = (cheapest(costs[past]) for past in pasts)
    say("one_more_hour_after_a_day", young, events=sizes.past_events)
    say("one_more_hour_after_a_year", old, hours=sizes.past_hours,
        baseline="one_more_hour_after_a_day", ratio=old.wall / young.wall,
        ratio_of_cpu=old.cpu / young.cpu)  # fmt: skip


def cheapest(costs: list[Cost]) -> Cost:
    """The one that the machine disturbed least."""
    return min(costs, key=lambda each: each.wall)


PARTS: dict[str, Callable[[Path, Sizes], None]] = {"full": full, "hour": hour, "growth": growth}


def main() -> None:
    """Measure the parts that are asked for, or all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="[default: all]")
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--full", action="store_true", help="days of 10.4 M and 20 M listens too")
    sizes.add_argument("--quick", action="store_true", help="small sizes: does it work at all")
    parser.add_argument("--folder", type=Path, help="where to work [default: a temporary one]")
    options = parser.parse_args()
    configure_logs()
    chosen = QUICK if options.quick else FULL if options.full else Sizes()
    for name in options.parts or PARTS:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            PARTS[name](Path(folder), chosen)


if __name__ == "__main__":
    main()
