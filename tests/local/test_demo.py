"""The main job end to end, as its users run it: real broker, Spark, Dagster, DuckDB and dbt."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contracts.events import EVENTS_BY_NAME
from local.demo import only_demo_in

ROOT = Path(__file__).parents[2]
DEADLINE_SECONDS = 420
pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]


def demo_command(home: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "local", "demo", "--home", str(home), *options]


def environment() -> dict[str, str]:
    """Ours, with the downloads of earlier runs, and no Kafka but the demo's own."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("KAFKA")}
    return {**ours, "MUSICFLOW_CACHE": str(ROOT / ".musicflow" / "cache")}


def run_demo(home: Path, *options: str) -> tuple[dict, str]:
    """A whole demo: its report and what it printed."""
    done = subprocess.run(  # noqa: PLW1510  the exit code is what is tested
        demo_command(home, *options), cwd=ROOT, env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    name = "demo-cloud" if "--cloud" in options else "demo"
    return json.loads((home / name / "report.json").read_text()), done.stdout


def processes_of(home: Path) -> list[str]:
    """Command lines of live processes that were started for a run in `home`."""
    marker = f"MUSICFLOW_HOME={home}/demo".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            mine = marker in (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if mine and command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"


def landing_process(home: Path) -> int | None:
    """The process that lands for the demo in `home`."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            mine = str(home).encode() in (folder / "environ").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if mine and command[1:4] == [b"-m", b"streaming", b"--once"]:
            return int(folder.name)
    return None


def is_in_mid_batch(home: Path) -> bool:
    """Whether a task has noted files of a batch that is not committed."""
    return any((home / "demo" / "lake" / "_attempts").rglob("*.json"))


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> tuple[dict, str]:
    """A demo of 800 listeners in folders: its report and what it printed."""
    return run_demo(tmp_path_factory.mktemp("demo"), "--users", "800")


def counts_of(report: dict) -> dict:
    """What is the same wherever lake and warehouse are."""
    return {key: report[key] for key in ("topics", "facts", "hours", "reconciled")}


def test_every_simulated_event_is_accounted_for_each_time(tmp_path, simulated):
    first, shown = simulated
    again, _ = run_demo(tmp_path, "--users", "800")

    assert first["reconciled"] is True
    assert first["hours"] == 24
    assert set(first["topics"]) == set(EVENTS_BY_NAME)
    for counts in first["topics"].values():
        assert counts["produced"] == counts["accepted"] + sum(counts["rejected"].values())
        assert counts["accepted"] == counts["raw"] + counts["duplicates"]
    assert first["facts"]["fct_streams"] == first["topics"]["listen_events"]["raw"] > 0
    assert sum(first["topics"]["music_events"]["rejected"].values()) > 0
    assert first["topics"]["music_events"]["duplicates"] > 0
    assert counts_of(first) == counts_of(again)
    assert "every event accounted for: yes" in shown
    assert processes_of(tmp_path) == []


@pytest.mark.cloud
@pytest.mark.emulator
@pytest.mark.timeout(1800)
@pytest.mark.usefixtures("fake_gcs")
def test_the_same_events_come_to_the_same_rows_in_a_bucket_and_in_bigquery(tmp_path, simulated):
    expected, _ = simulated
    in_the_cloud, shown = run_demo(tmp_path, "--users", "800", "--cloud", "gs")

    assert counts_of(in_the_cloud) == counts_of(expected)
    assert "every event accounted for: yes" in shown
    assert processes_of(tmp_path) == []


@pytest.mark.shared
def test_real_events_are_all_there_though_landing_was_killed_in_mid_batch(tmp_path, shared_data):
    command = demo_command(tmp_path, "--events", str(shared_data / "eventsim/classic-output"))
    with (tmp_path / "shown").open("w") as output:
        running = subprocess.Popen(command, cwd=ROOT, env=environment(), stdout=output)
        wait_until(lambda: is_in_mid_batch(tmp_path), "a batch to be under way")
        os.kill(landing_process(tmp_path), signal.SIGKILL)
        running.wait(DEADLINE_SECONDS)

    shown = (tmp_path / "shown").read_text()
    assert running.returncode == 0, shown
    assert "landing was killed" in shown
    report = json.loads((tmp_path / "demo" / "report.json").read_text())
    raw = {name: counts["raw"] for name, counts in report["topics"].items()}
    assert raw == {
        "listen_events": 30_012, "page_view_events": 36_145, "auth_events": 538,
        "status_change_events": 27, "music_events": 0,
    }  # fmt: skip
    assert all(counts["rejected"] == {} for counts in report["topics"].values())
    assert report["facts"]["fct_streams"] == 30_012
    assert report["hours"] == 49
    assert report["reconciled"] is True


def test_two_demos_do_not_share_a_folder(tmp_path):
    with only_demo_in(tmp_path / "demo"):
        done = subprocess.run(  # noqa: PLW1510  the exit code is what is tested
            demo_command(tmp_path), cwd=ROOT, env=environment(), capture_output=True, text=True
        )

    assert done.returncode == 1
    assert "a demo runs in" in done.stderr


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_stopped_leaves_no_process(tmp_path, told):
    running = subprocess.Popen(
        demo_command(tmp_path, "--users", "800"),
        cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_until(lambda: landing_process(tmp_path), "landing to begin")
    running.send_signal(told)

    assert running.wait(60) != 0
    wait_until(lambda: processes_of(tmp_path) == [], "all processes to end")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        pytest.param(["--events", "nowhere"], "nowhere is no folder", id="no such folder"),
        pytest.param(["--songs", "nowhere.csv"], "nowhere.csv", id="no such catalogue"),
        pytest.param(["--users", "0"], "--users", id="no listeners"),
        pytest.param(["--events", ".", "--songs", "Makefile"], "--songs", id="both kinds of input"),
    ],
)
def test_a_wrong_input_is_one_clear_line(tmp_path, options, message):
    done = subprocess.run(  # noqa: PLW1510  the exit code is what is tested
        demo_command(tmp_path, *options),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
    )

    assert done.returncode != 0
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert processes_of(tmp_path) == []
