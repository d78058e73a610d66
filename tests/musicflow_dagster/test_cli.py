import json
import os
import subprocess
import sys
from datetime import timedelta

import dagster as dg
import pytest

from musicflow_dagster.instance import opened_instance
from musicflow_dagster.warehouse.lock import WriterLock
from tests.builders import FIRST_HOUR, hour_of_listens


@pytest.fixture
def musicflow(settings):
    """The command as people call it; gives the finished process."""

    def call(*arguments, **variables):
        environment = {
            **{name: text for name, text in os.environ.items() if name != "DAGSTER_HOME"},
            "MUSICFLOW_HOME": str(settings.home),
            "MUSICFLOW_START": FIRST_HOUR.isoformat(),
            **variables,
        }
        command = [sys.executable, "-m", "musicflow_dagster", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    return call


def test_help_names_every_command(musicflow):
    shown = musicflow("--help").stdout

    commands = ("backfill", "build", "doctor", "forget", "init", "reconcile", "status")
    assert all(f"\n  {command} " in shown for command in commands)


@pytest.mark.parametrize(
    "command", ["backfill", "build", "doctor", "forget", "init", "reconcile", "status"]
)
def test_each_command_says_what_it_does_and_how_its_options_are_written(musicflow, command):
    finished = musicflow(command, "--help")

    assert finished.returncode == 0
    assert f"Usage: python -m musicflow_dagster {command} [OPTIONS]" in finished.stdout
    assert command == "init" or "--json" in finished.stdout


def test_status_shows_each_topic(musicflow, lake):
    lake.land("listen_events", hour_of_listens(0, 3), rejected={"oversized": 1})
    lake.catch_up(FIRST_HOUR + timedelta(minutes=70))
    shown = json.loads(musicflow("status", "--json").stdout)
    listens = shown["topics"][0]

    assert listens["topic"] == "listen_events"
    assert (listens["accepted"], listens["rejected"], listens["not_landed"]) == (3, 1, 0)
    assert listens["newest_complete_hour"] == "2026-01-01T00:00:00+00:00"
    assert (listens["last_built_hour"], listens["last_built_at"]) == (None, None)
    assert (listens["broken_checks"], shown["broken_checks"]) == (0, [])
    assert shown["to_build"] == ["2026-01-01-00:00"]


def test_status_of_nothing_says_what_is_missing(musicflow):
    finished = musicflow("status")

    assert finished.returncode == 0
    assert "nothing to build: landing was never caught up" in finished.stdout


def test_status_names_what_is_broken(musicflow, settings, lake):
    lake.land("listen_events", hour_of_listens(0, 3))
    with opened_instance(settings.dagster_home) as instance:
        instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                dg.AssetKey(["raw", "listen_events"]),
                "loaded_and_reconciled",
                passed=False,
                partition="2026-01-01-00:00",
            )
        )
    finished = musicflow("status")
    shown = json.loads(musicflow("status", "--json").stdout)

    assert finished.returncode == 0
    assert "FAILED: loaded_and_reconciled of raw/listen_events for 1 hours" in finished.stdout
    assert [topic["broken_checks"] for topic in shown["topics"]] == [1, 0, 0, 0, 0]
    assert shown["broken_checks"][0]["hours"] == ["2026-01-01-00:00"]


def test_reconcile_fails_while_complete_hours_are_not_built(musicflow, lake):
    lake.land("listen_events", hour_of_listens(0, 3))
    lake.catch_up(FIRST_HOUR + timedelta(minutes=70))
    finished = musicflow("reconcile", "--json")
    shown = json.loads(finished.stdout)

    assert finished.returncode == 1
    assert (shown["reconciled"], shown["recounted"]) == (False, True)
    assert shown["findings"] == [
        {
            "event": "listen_events",
            "where": "2026-01-01-00:00",
            "what": "3 landed rows are not built yet",
        }
    ]
    assert finished.stderr.startswith("musicflow: ")
    assert finished.stderr.count("\n") == 1


def test_reconcile_shows_what_waits_for_its_hour_to_end(musicflow, lake):
    lake.land("listen_events", hour_of_listens(0, 3), rejected={"oversized": 1})
    lake.catch_up(FIRST_HOUR + timedelta(minutes=30))
    listens = json.loads(musicflow("reconcile", "--json").stdout)["events"]["listen_events"]
    finished = musicflow("reconcile")

    assert (listens["accepted"], listens["rejected"]) == (3, 1)
    assert (listens["raw"], listens["duplicates"], listens["conflicting_duplicates"]) == (0, 0, 0)
    assert listens["waiting"] == 3
    assert finished.returncode == 0
    assert "3 rows wait for their hour to end" in finished.stdout


def test_reconcile_says_that_a_run_kept_it_from_counting(musicflow, settings, lake):
    settings.warehouse.parent.mkdir(parents=True)
    settings.warehouse.touch()
    lock = WriterLock(settings.warehouse)
    lock.acquire()
    finished = musicflow("reconcile", "--wait", "0")
    shown = json.loads(musicflow("reconcile", "--wait", "0", "--json").stdout)
    lock.release()

    assert finished.returncode == 1
    assert finished.stdout.endswith("reconciled: not proven, raw rows were not counted\n")
    assert "another run" in finished.stderr
    assert finished.stderr.count("\n") == 1
    assert (shown["reconciled"], shown["recounted"]) == (False, False)


def test_reconcile_of_nothing_holds(musicflow, lake):
    finished = musicflow("reconcile")

    assert finished.returncode == 0
    assert finished.stdout.endswith("reconciled: yes\n")


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        pytest.param(("status",), {"MUSICFLOW_START": "soon"}, "MUSICFLOW_START", id="a setting"),
        pytest.param(("reconcile", "--from", "2026-01-01T05"), {}, "--from and --to", id="no end"),
        pytest.param(("reconcile", "--from", "noon"), {}, "2026-01-06T05", id="no hour"),
        pytest.param(("status",), {"MUSICFLOW_LAKE": "ftp://lake"}, "give a folder", id="no lake"),
        pytest.param(
            ("build", "--from", "2199-01-01T00", "--to", "2199-01-01T01"),
            {"MUSICFLOW_START": "2199-01-01T00:00:00Z"},
            "no hour has ended",
            id="too early",
        ),
        pytest.param(
            ("build",), {"DAGSTER_HOME": "/proc/dagster"}, "cannot write /proc", id="no folder"
        ),
    ],
)
def test_a_wrong_input_is_one_line_that_says_what_to_do(musicflow, arguments, variables, words):
    finished = musicflow(*arguments, **variables)

    assert finished.returncode != 0
    assert words in finished.stderr
    assert "Traceback" not in finished.stderr


def test_a_damaged_record_of_the_lake_is_one_line(musicflow, lake):
    lake.store.put("_progress/listen_events.json", b"{")
    finished = musicflow("status")

    assert finished.returncode == 1
    assert "_progress/listen_events.json" in finished.stderr
    assert finished.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["build", "reconcile"])
def test_a_lake_that_does_not_exist_proves_nothing(musicflow, command):
    done = musicflow(command, MUSICFLOW_LAKE="mistyped")

    assert done.returncode == 1
    assert "there is no lake at" in done.stderr
    assert "Traceback" not in done.stderr
