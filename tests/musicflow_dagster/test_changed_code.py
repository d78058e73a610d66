"""A model's SQL is changed, and its hours are built again while people read the snapshot."""

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pytest

from contracts.events import MUSIC_EVENTS
from contracts.lake import HOUR
from contracts.publication import VIEWS, current
from tests.builders import FIRST_HOUR, hour_of_listens, row

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_200)]

RANGE = ("--from", "2026-01-01T00", "--to", "2026-01-01T03")
COUNTRY = "coalesce(country, 'unknown')"
"""As the model says it before it is changed."""
COUNTRIES = "select string_agg(distinct country, ',' order by country) from {}rpt_daily_metrics"
READ = """
import sys, duckdb
from pathlib import Path
views, stop, question = sys.argv[1:]
while not Path(stop).exists():
    with duckdb.connect(views, read_only=True) as shell:
        print(*shell.sql(question).fetchall()[0], flush=True)
"""
QUESTION = f"""
select (select count(*) from marts.fct_streams), ({COUNTRIES.format("reporting.")})
"""


class Place:
    """A home of the platform, with a copy of the dbt project that can be changed."""

    def __init__(self, settings, project, home):
        self.home, self.project = home, project
        self.snapshot = home / "snapshot"
        self.environment = os.environ | {
            "MUSICFLOW_HOME": str(home),
            "MUSICFLOW_LAKE": settings.lake,
            "MUSICFLOW_DBT_PROJECT": str(project),
            "MUSICFLOW_START": FIRST_HOUR.isoformat(),
            "MUSICFLOW_PSEUDONYM_KEY": "the key of these tests",
        }
        self.environment.pop("DAGSTER_HOME", None)
        home.mkdir(parents=True, exist_ok=True)
        (home / "dbt").symlink_to(project.parent / "target")

    def backfill(self):
        command = [sys.executable, "-m", "musicflow_dagster", "backfill", *RANGE]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-5_000:]

    def contents(self):
        """All rows of all published tables, but for the time of the load."""
        columns = {"reconciliation.raw_hours": "* exclude (loaded_at)"}
        with duckdb.connect(self.snapshot / VIEWS, read_only=True) as views:
            return {
                name: views.sql(
                    f"select {columns.get(name, '*')} from {name} order by all"
                ).fetchall()
                for name in current(self.snapshot).tables
            }

    def change_the_code(self):
        model = self.project / "models" / "reporting" / "rpt_daily_metrics.sql"
        before = model.read_text()
        assert COUNTRY in before
        model.write_text(before.replace(COUNTRY, f"lower({COUNTRY})"))


@pytest.fixture
def project(settings, dbt_target, tmp_path):
    """A copy of the dbt project, and beside it what dbt has read of it."""
    (tmp_path / "target").mkdir()
    ignored = shutil.ignore_patterns("target", "logs")
    return shutil.copytree(settings.dbt_project, tmp_path / "project", ignore=ignored)


@contextmanager
def reader(place, stop):
    """Somebody who asks the snapshot again and again; at the end, all that was answered."""
    command = [sys.executable, "-c", READ, str(place.snapshot / VIEWS), str(stop), QUESTION]
    answers = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reading:
        try:
            answers.append(reading.stdout.readline())
            yield answers
        finally:
            stop.touch()
            rest, errors = reading.communicate()
        answers += rest.splitlines(keepends=True)
        assert not errors, errors
        assert reading.returncode == 0


def test_after_a_change_a_backfill_gives_a_clean_builds_tables_and_readers_see_old_or_new(
    settings, lake, project, tmp_path
):
    for hour in range(3):
        lake.land("listen_events", hour_of_listens(hour, 3))
    lake.land("music_events", [row(MUSIC_EVENTS, FIRST_HOUR + HOUR, "played")])
    lake.catch_up(FIRST_HOUR + 4 * HOUR)
    worked = Place(settings, project, settings.home)
    worked.backfill()
    lake.land("listen_events", hour_of_listens(1, 5))
    worked.change_the_code()
    with reader(worked, tmp_path / "stop") as answers:
        worked.backfill()
    clean = Place(settings, project, tmp_path / "clean")
    clean.backfill()

    assert worked.contents() == clean.contents()
    assert answers == sorted(answers, reverse=True)
    assert sorted(set(answers)) == ["11 us\n", "9 US\n"]
