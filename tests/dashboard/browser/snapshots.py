"""Snapshots to look at: a real one with everything in it, and those that have gone wrong."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import duckdb

from contracts.events import EVENTS, LISTEN_EVENTS
from contracts.lake import HOUR
from contracts.manifests import Measures
from contracts.publication import POINTER, Publication, current
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.published import Published
from tests.builders import LakeBuilder
from tests.dashboard.browser.listeners import END, FIRST_DAY, Raw

REJECTS = {"unreadable_json": 5, "missing_field:sessionId": 3, "wrong_type:ts": 2}
RESENT = 20
"""Events of each topic that came twice."""
LATE = 12
"""Listens that came after their hour was complete."""
CAUGHT_UP = Measures(1000, {"land": 1.0}, {"read": 1.0}, lag_messages=0, lag_seconds=0.0)


def built(home: Path, raw: Raw) -> Path:
    """A work folder whose lake holds `raw` and whose hours were built and published.

    It is the platform's own command that builds: Dagster, dbt, DuckDB, the publish.
    """
    land(LakeBuilder(home / "lake"), raw)
    environment = {name: value for name, value in os.environ.items() if "MUSICFLOW" not in name}
    command = [sys.executable, "-m", "musicflow_dagster", "build"]
    run = subprocess.run(
        command,
        env=environment | variables(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return home


def variables(home: Path) -> dict[str, str]:
    """The environment of every process that works in `home`."""
    return {
        "MUSICFLOW_HOME": str(home),
        "MUSICFLOW_START": f"{FIRST_DAY:%Y-%m-%dT%H:%M:%SZ}",
        "MUSICFLOW_PSEUDONYM_KEY": "the key that only these tests know",
        "DAGSTER_HOME": str(home / "dagster"),
    }


def land(lake: LakeBuilder, raw: Raw) -> None:
    """Land the rows as Kafka brings them: some twice, some late, with rejects between."""
    for event in EVENTS:
        rows = sorted(raw[event.name], key=lambda row: row["occurred_at"])
        late = rows[5 :: len(rows) // LATE][:LATE] if event is LISTEN_EVENTS else []
        on_time = [row for row in rows if row not in late]
        lake.land(event.name, [*on_time, *on_time[:RESENT]], rejected=REJECTS, measures=CAUGHT_UP)
        if late:
            lake.land(event.name, late, measures=CAUGHT_UP)
    lake.catch_up(END + HOUR)


def published_again(home: Path, *changes: str) -> Publication:
    """Change the warehouse by statements and publish what it then says, as builds do."""
    snapshot = home / "snapshot"
    standing = current(snapshot)
    assert standing
    tables = [
        Published(*name.split("."), by="view" if table.view else "whole")
        for name, table in standing.tables.items()
    ]
    with open_warehouse(home / "warehouse" / "musicflow.duckdb") as connection:
        for change in changes:
            connection.execute(change)
        return Publisher(connection, snapshot).publish(tables)


def of_another_warehouse(snapshot: Path) -> None:
    """Make it a snapshot that no reader has ever seen."""
    pointer = json.loads((snapshot / POINTER).read_text())
    pointer["warehouse"] = uuid4().hex
    (snapshot / POINTER).write_text(json.dumps(pointer))


def without_rows(snapshot: Path) -> None:
    """Make all that is published empty: tables without a row."""
    pointer = json.loads((snapshot / POINTER).read_text())
    for table in pointer["tables"].values():
        table["files"] = table["files"][:1]
        for file in table["files"]:
            _empty(snapshot / file["path"])
            file |= {"rows": 0, "day": None}
    (snapshot / POINTER).write_text(json.dumps(pointer))


def _empty(file: Path) -> None:
    columns = file.with_suffix(".empty")
    duckdb.sql(f"copy (from '{file}' limit 0) to '{columns}' (format parquet)")
    columns.replace(file)


def truncate(snapshot: Path) -> None:
    """Cut every Parquet file to half."""
    for file in snapshot.glob("files/**/*.parquet"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def lose_files(snapshot: Path) -> None:
    """Remove the Parquet files, as a hand that tidies up does."""
    shutil.rmtree(snapshot / "files")


def garble(snapshot: Path) -> None:
    """Make the pointer unreadable."""
    (snapshot / POINTER).write_bytes(b'{"number": ')
