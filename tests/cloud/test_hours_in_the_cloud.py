"""Hours from a bucket to BigQuery, by the commands that people use."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.events import PAGE_VIEW_EVENTS
from contracts.lake import HOUR, hour_key
from contracts.store import open_store
from musicflow_dagster.warehouse.bigquery.client import connect
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.bigquery.tables import DATASETS
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens, listen, row

pytestmark = [pytest.mark.cloud, pytest.mark.integration, pytest.mark.timeout(1800)]


class Platform:
    """A lake in a bucket, and the commands that build it in BigQuery."""

    def __init__(self, lake: str, place: Place, home: Path) -> None:
        self.lake = LakeBuilder(Path("cloud"), open_store(lake))
        self.place, self.home = place, home
        self.variables = {
            "MUSICFLOW_TARGET": "gcp",
            "MUSICFLOW_LAKE": lake,
            "MUSICFLOW_HOME": str(home),
            "DAGSTER_HOME": str(home / "dagster"),
            "MUSICFLOW_START": FIRST_HOUR.isoformat(),
            "MUSICFLOW_DATASET_PREFIX": place.prefix,
            "MUSICFLOW_BIGQUERY_LOCATION": place.location,
            "GOOGLE_CLOUD_PROJECT": place.project,
        }

    def asked(self, *arguments: str) -> tuple[int, object]:
        """What a command answers, and its exit code; all that it says stands in `said`."""
        command = [sys.executable, "-m", "musicflow_dagster", *arguments, "--json"]
        environment = os.environ | self.variables
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        self.said = done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else None


@pytest.fixture
def platform(bigquery, gs_lake, tmp_path, monkeypatch) -> Iterator[Platform]:
    for name, value in bigquery.environment.items():
        monkeypatch.setenv(name, value)
    location = os.environ.get("MUSICFLOW_BIGQUERY_LOCATION", "US")
    place = Place(bigquery.project, location, f"t{uuid.uuid4().hex[:10]}_")
    yield Platform(gs_lake, place, tmp_path / "home")
    client = connect(place).client
    for schema in DATASETS:
        client.delete_dataset(place.dataset(schema), delete_contents=True, not_found_ok=True)


def test_hours_in_a_bucket_are_built_in_bigquery_and_reconcile(platform):
    viewed = [FIRST_HOUR + timedelta(minutes=minutes) for minutes in (1, 61)]
    platform.lake.land("listen_events", [*hour_of_listens(0, 5), *hour_of_listens(1, 3)])
    platform.lake.land("listen_events", [listen(0, 0)])
    platform.lake.land("page_view_events", [
        row(PAGE_VIEW_EVENTS, at, f"page-{at}") for at in viewed
    ])  # fmt: skip
    platform.lake.catch_up(FIRST_HOUR + 2 * HOUR + timedelta(minutes=6))

    built, runs = platform.asked("build")
    assert built == 0, platform.said[-3000:]
    assert [(run["hours"], run["succeeded"]) for run in runs] == [(2, True)]

    reconciled, proof = platform.asked("reconcile")
    assert (reconciled, proof["reconciled"]) == (0, True), proof["findings"]
    listens = proof["events"]["listen_events"]
    assert (listens["landed"], listens["raw"], listens["duplicates"]) == (9, 8, 1)
    assert (proof["facts"]["fct_streams"], proof["facts"]["fct_page_views"]) == (8, 2)

    _, status = platform.asked("status")
    assert status["to_build"] == []
    last_built = {topic["last_built_hour"] for topic in status["topics"]}
    assert last_built == {(FIRST_HOUR + HOUR).isoformat(timespec="seconds")}

    platform.lake.land("listen_events", [listen(0, 7)])
    _, late = platform.asked("status")
    assert late["to_build"] == [hour_key(FIRST_HOUR)]
    unproven, missing = platform.asked("reconcile")
    assert unproven == 1
    assert "not built yet" in missing["findings"][0]["what"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        pytest.param({"GOOGLE_CLOUD_PROJECT": ""}, "GOOGLE_CLOUD_PROJECT", id="no project"),
        pytest.param({"MUSICFLOW_LAKE": "/a/folder"}, "MUSICFLOW_LAKE", id="no bucket"),
    ],
)
def test_settings_that_lack_something_are_told_in_a_line(platform, variables, words):
    platform.variables |= variables
    code, _ = platform.asked("status")

    assert code == 1
    assert words in platform.said
    assert len(platform.said.strip().splitlines()) == 1
