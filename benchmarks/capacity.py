"""What a million events take, and what a day of them needs: `python -m benchmarks.capacity`.

- `python -m benchmarks.capacity HOME` measures a run of ours that has ended, such as a demo's
  folder (`.musicflow/demo`): bytes per million events in each place, one JSON object a line.
- `python -m benchmarks.capacity --events-per-day 1e9 [--set NAME=VALUE ...]` reckons what a day of
  so many events needs and costs. It measures nothing: what goes in is in `capacity_model.py`, and
  any of it can be set; `--set` without a name that is there lists them.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path

import duckdb

from benchmarks.capacity_model import Assumptions, needs
from contracts.events import EVENTS
from contracts.manifests import ManifestLog
from contracts.store import FolderStore

MILLION = 1_000_000
BLOCK = 262_144
"""Bytes of a block of DuckDB's."""


def main(arguments: list[str]) -> None:
    """Measure, or reckon."""
    options = _options(arguments)
    if options.events_per_day is None:
        for line in measured(options.home):
            print(json.dumps(line), flush=True)
        return
    given = _assumptions(options.set)
    for line in needs(options.events_per_day, given):
        print(json.dumps({"benchmark": "capacity", "reckoned": True, **line}), flush=True)


def measured(home: Path) -> Iterator[dict[str, object]]:
    """What each place holds of a run, per million of its messages."""
    messages = _messages(home / "lake")
    if not messages:
        sys.exit(f"nothing has landed in {home}/lake: run `make demo`, or name a folder that has")
    yield _line("messages", messages, "messages")
    for place, taken in sorted(_places(home).items()):
        yield _line(place, round(taken * MILLION / messages), "bytes per million messages")


def _messages(lake: Path) -> int:
    manifests = (
        manifest
        for event in EVENTS
        for manifest in ManifestLog(FolderStore(lake), event.name).after(0)
    )
    return sum(manifest.accepted + manifest.rejected for manifest in manifests)


def _places(home: Path) -> dict[str, int]:
    lake = home / "lake"
    found = {
        "kafka": sum(map(_logs, (home / "kafka" / "data" / f"{e.name}-{p}" for e in EVENTS
                                 for p in range(64)))),
        "lake: accepted": sum(_folder(lake / event.name) for event in EVENTS),
        "lake: rejects": _folder(lake / "rejected"),
        "lake: records": sum(_folder(each) for each in lake.glob("_*")),
        "index of the lake": _folder(home / "index"),
        "snapshot": _folder(home / "snapshot"),
        "Dagster's storage": _folder(home / "dagster"),
        "Postgres": _folder(home / "postgres"),
    }  # fmt: skip
    warehouse = home / "warehouse" / "musicflow.duckdb"
    if warehouse.exists():
        found["warehouse: the file"] = warehouse.stat().st_size
        found |= _schemas(warehouse)
    return {place: taken for place, taken in found.items() if taken}


def _schemas(warehouse: Path) -> dict[str, int]:
    """Bytes of whole blocks that the tables of each schema take; small tables share blocks."""
    with duckdb.connect(warehouse, read_only=True) as connection:
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where not temporary"
        ).fetchall()
        taken: dict[str, int] = {}
        for schema, table in tables:
            [(blocks,)] = connection.execute(
                "select count(distinct block_id) from pragma_storage_info(?) where block_id >= 0",
                [f"{schema}.{table}"],
            ).fetchall()
            name = f"warehouse: {schema}"
            taken[name] = taken.get(name, 0) + blocks * BLOCK
    return taken


def _logs(partition: Path) -> int:
    """Bytes of the messages of a partition; indexes are set aside in advance, and not counted."""
    return sum(each.stat().st_size for each in partition.glob("*.log"))


def _folder(folder: Path) -> int:
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())


def _line(metric: str, value: float, unit: str) -> dict[str, object]:
    return {"benchmark": "capacity", "metric": metric, "value": value, "unit": unit}


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.capacity",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("home", nargs="?", type=Path, default=Path(".musicflow/demo"))
    parser.add_argument("--events-per-day", type=float)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    return parser.parse_args(arguments)


def _assumptions(changes: Sequence[str]) -> Assumptions:
    known = {each.name for each in fields(Assumptions)}
    given: dict[str, float] = {}
    for change in changes:
        name, _, value = change.partition("=")
        try:
            given[name] = float(value)
        except ValueError:
            sys.exit(f"--set {change}: give a number, as in --set vcpu_hour=0.05")
        if name not in known:
            sys.exit(f"--set {change}: there is only {', '.join(sorted(known))}")
    return Assumptions(**given)


if __name__ == "__main__":
    main(sys.argv[1:])
