"""`musicflow forget`, from the lake to the snapshot: the user is nowhere, others are as before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from contracts.lake import HOUR
from contracts.publication import VIEWS
from contracts.store import FolderStore
from musicflow_dagster.warehouse.pseudonyms import pseudonym
from streaming.lake_record import claim
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR, LakeBuilder
from tests.musicflow_dagster.forgetting import (
    THEIR_OWN,
    USER,
    event_of,
    history,
    land,
    number_forms,
    pairs,
    places_of,
    tables,
)

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1800)]

KEY = "the pseudonyms' key of these tests"
THEIRS = (
    *number_forms(USER),
    *(text.encode() for text in THEIR_OWN.values()),
    pseudonym(KEY, USER).encode(),
    b"Only Quixworthy",
)


class Home:
    """A home with a lake, and commands on it."""

    def __init__(self, path: Path, dbt_target: Path):
        self.path = path
        path.mkdir()
        (path / "dbt").symlink_to(dbt_target)
        claim(FolderStore(path / "lake"))
        self.lake = LakeBuilder(path / "lake")
        ours = ("MUSICFLOW_", "DAGSTER_HOME", "KAFKA_", "POSTGRES_")
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith(ours)},
            "MUSICFLOW_HOME": str(path),
            "MUSICFLOW_START": FIRST_HOUR.isoformat(),
            "MUSICFLOW_PSEUDONYM_KEY": KEY,
        }

    def command(self, *arguments):
        return [sys.executable, "-m", "musicflow_dagster", *arguments]

    def ran(self, *arguments, told=""):
        done = subprocess.run(
            self.command(*arguments), env=self.environment, input=told,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def build(self):
        self.lake.catch_up(FIRST_HOUR + 5 * HOUR)
        return self.ran("build")

    def forget(self):
        return json.loads(self.ran("forget", "--user", "-", "--yes", "--json", told=f"{USER}\n"))

    def killed_while_it_builds(self):
        """Begin to forget, and kill it when dbt has begun to change tables."""
        with subprocess.Popen(
            self.command("forget", "--user", str(USER), "--yes"), env=self.environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            for line in process.stderr:
                if "OK created" in line:
                    break
            process.kill()

    def for_readers(self):
        with duckdb.connect(self.path / "snapshot" / VIEWS, read_only=True) as views:
            return tables(lambda sql: views.sql(sql).fetchall())


def test_a_forgotten_user_is_nowhere_and_does_not_come_back(tmp_path, dbt_target):
    home, clean = Home(tmp_path / "home", dbt_target), Home(tmp_path / "clean", dbt_target)
    batches = history()
    land(clean.lake, batches, without=USER)
    clean.build()
    land(home.lake, batches)
    home.build()
    places = places_of(home.path, *THEIRS)
    assert any(each.startswith("lake/") for each in places)
    assert "warehouse/musicflow.duckdb" in places
    # Of this hour only the warehouse knows.
    for event in ("listen_events", "music_events"):
        expire_event(FolderStore(home.path / "lake"), event, FIRST_HOUR + HOUR)

    home.killed_while_it_builds()
    report = home.forget()

    assert report["finished_at"]
    assert places_of(home.path, *THEIRS) == []
    assert pairs(home.for_readers(), clean.for_readers()) == {}
    home.ran("reconcile")

    # With a batch that was judged before the user was forgotten.
    home.lake.land("auth_events", [event_of("auth_events", 2, USER, 1)])
    home.ran("backfill", "--from", "2026-01-01T01", "--to", "2026-01-01T03")

    assert pairs(home.for_readers(), clean.for_readers()) == {}
    home.ran("reconcile")
    assert all(each.startswith("lake/auth_events/") for each in places_of(home.path, *THEIRS))
