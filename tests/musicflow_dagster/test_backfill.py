"""`musicflow backfill` as people call it, and what a killed one leaves behind."""

import json
import os
import signal
import subprocess
import sys
import time

import duckdb
import pytest

from contracts.events import EVENTS
from contracts.lake import HOUR
from contracts.publication import VIEWS
from tests.builders import FIRST_HOUR, hour_of_listens, row

pytestmark = pytest.mark.integration

RANGE = ("--from", "2026-01-01T00", "--to", "2026-01-01T03")
PATIENCE = 120


@pytest.fixture
def environment(settings, dbt_target):
    """A home for processes, where the dbt project need not be read again."""
    settings.home.mkdir(parents=True)
    (settings.home / "dbt").symlink_to(dbt_target)
    return {
        **{name: text for name, text in os.environ.items() if name != "DAGSTER_HOME"},
        "MUSICFLOW_HOME": str(settings.home),
        "MUSICFLOW_START": FIRST_HOUR.isoformat(),
    }


@pytest.fixture
def musicflow(environment):
    def call(*arguments, **variables):
        command = [sys.executable, "-m", "musicflow_dagster", *arguments]
        return subprocess.run(
            command, env=environment | variables, capture_output=True, text=True, check=False
        )

    return call


@pytest.fixture
def three_hours(lake):
    for hour in range(3):
        lake.land("listen_events", hour_of_listens(hour, 3))
    for event in EVENTS[1:]:
        lake.land(event.name, [row(event, FIRST_HOUR + HOUR, event.name)])
    lake.catch_up(FIRST_HOUR + 4 * HOUR)
    return lake


def read(settings, query):
    with duckdb.connect(settings.snapshot / VIEWS, read_only=True) as views:
        return views.sql(query).fetchall()


def runs(settings, musicflow_environment):
    """Status and tags of all runs, the newest first."""
    code = (
        "import json, dagster as dg\n"
        "with dg.DagsterInstance.get() as instance:\n"
        "  print(json.dumps([[run.status.value, run.tags, run.run_id]"
        " for run in instance.get_runs()]))"
    )
    environment = musicflow_environment | {"DAGSTER_HOME": str(settings.dagster_home)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


def test_a_range_is_one_run_and_one_event_of_it_can_be_loaded_alone(
    musicflow, settings, environment, three_hours
):
    whole = musicflow("backfill", *RANGE, "--json")
    assert whole.returncode == 0, whole.stderr
    [outcome] = json.loads(whole.stdout)
    assert (outcome["hours"], outcome["succeeded"]) == (3, True)
    assert read(settings, "select count(*) from marts.fct_streams") == [(9,)]

    three_hours.land("listen_events", hour_of_listens(1, 5))
    alone = musicflow("backfill", *RANGE, "--event", "listen_events", "--json")
    assert alone.returncode == 0, alone.stderr
    assert read(settings, "select count(*) from marts.fct_streams") == [(11,)]
    assert json.loads(musicflow("reconcile", "--json").stdout)["reconciled"]
    assert len(runs(settings, environment)) == 2


def test_some_models_are_built_and_what_was_built_is_not_claimed(musicflow, settings, three_hours):
    some = 'group:raw or key:"staging/stg_eventsim__*"'
    done = musicflow("backfill", *RANGE, "--assets", some)

    assert done.returncode == 0, done.stderr
    assert json.loads(musicflow("status", "--json").stdout)["to_build"]


def test_a_failed_backfill_names_its_hours_and_its_exit_code_says_so(
    musicflow, settings, three_hours
):
    manifest = three_hours.land("listen_events", hour_of_listens(2, 4))
    (three_hours.root / manifest.files[0].path).unlink()
    done = musicflow("backfill", *RANGE, "--json")

    assert done.returncode == 1
    assert not json.loads(done.stdout)[0]["succeeded"]
    assert manifest.files[0].path in done.stderr
    assert done.stderr.splitlines()[-1].startswith("musicflow: builds failed for 2026-01-01-00:00")


def test_killed_in_the_middle_it_leaves_the_tables_as_they_were_and_can_be_resumed(
    musicflow, settings, environment, three_hours
):
    assert musicflow("backfill", *RANGE).returncode == 0
    before = read(settings, "from marts.fct_streams order by all")
    three_hours.land("listen_events", hour_of_listens(0, 8))
    kill_when_dbt_begins(environment)
    assert read(settings, "from marts.fct_streams order by all") == before
    assert runs(settings, environment)[0][0] == "STARTED"

    resumed = musicflow("backfill", *RANGE, "--resume", "--json")
    [newest, killed, _] = runs(settings, environment)

    assert resumed.returncode == 0, resumed.stderr
    assert (newest[0], killed[0]) == ("SUCCESS", "FAILURE")
    assert "table=listen_events" not in resumed.stderr
    assert json.loads(musicflow("reconcile", "--json").stdout)["reconciled"]
    assert read(settings, "select count(*) from marts.fct_streams") == [(14,)]


def kill_when_dbt_begins(environment):
    """Start a backfill and kill it, and all that it has started, once its loads are done."""
    command = [sys.executable, "-m", "musicflow_dagster", "backfill", *RANGE]
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + PATIENCE
    for line in process.stderr:
        if "Running with dbt" in line:
            break
        assert time.monotonic() < deadline
    os.killpg(process.pid, signal.SIGKILL)
    process.stderr.close()
    process.wait()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param((), "Missing option '--from'", id="no range"),
        pytest.param(
            (*RANGE, "--event", "auth_events", "--assets", "*"), "either --event", id="both"
        ),
        pytest.param((*RANGE, "--assets", "key:(("), "cannot be read: write", id="no selection"),
        pytest.param((*RANGE, "--assets", "group:kafka"), "selects nothing", id="not by hours"),
        pytest.param(
            ("--from", "2025-12-31T00", "--to", "2026-01-01T03"),
            "MUSICFLOW_START",
            id="before the first hour",
        ),
        pytest.param(
            ("--from", "2026-01-01T00", "--to", "2199-01-01T03"), "which is now", id="to come"
        ),
    ],
)
def test_a_wrong_wish_is_one_line_that_says_what_to_do(musicflow, lake, arguments, words):
    done = musicflow("backfill", *arguments)

    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr
