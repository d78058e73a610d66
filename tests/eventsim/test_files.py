"""Files: packed ones hold the same, and a stopped simulation goes on where it was."""

import gzip
import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pytest

from eventsim.__main__ import main

OPTIONS = ["--nusers", "200", "--growth-rate", "5"]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    assert main([*OPTIONS, "--output", str(folder)]) == 0
    return content(folder)


@pytest.mark.parametrize(
    ("compression", "suffix", "unpack"),
    [
        pytest.param("gzip", ".gz", gzip.decompress, id="gzip"),
        pytest.param(
            "zstd",
            ".zst",
            lambda data: pa.input_stream(pa.py_buffer(data), compression="zstd").read(),
            id="zstd",
        ),
    ],
)
def test_packed_files_hold_the_same(tmp_path, whole, compression, suffix, unpack):
    assert main([*OPTIONS, "--output", str(tmp_path), "--compression", compression]) == 0

    assert {
        name.removesuffix(suffix): unpack(data) for name, data in content(tmp_path).items()
    } == (whole)


def test_a_simulation_goes_on_where_it_stopped(tmp_path, whole):
    files = tmp_path / "events"
    state = ["--state", str(tmp_path / "state"), "--output", str(files)]

    for end in ("2024-01-01T07:12:34", "2024-01-01T15:00:00", "2024-01-02"):
        assert main([*OPTIONS, *state, "--end-time", end]) == 0

    assert content(files) == whole


def test_a_live_simulation_goes_on_where_it_stopped_whatever_start_is_said(tmp_path, whole):
    files = tmp_path / "events"
    state = ["--state", str(tmp_path / "new" / "state"), "--output", str(files)]

    for start, end in (("2024-01-01", "2024-01-01T10:00:07"), ("2024-01-01T23", "2024-01-02")):
        times = ["--start-time", start, "--end-time", end]
        assert main([*OPTIONS, *state, "--continuous", *times]) == 0

    assert content(files) == whole


def test_the_state_of_another_simulation_is_refused(tmp_path, capsys):
    arguments = ["--output", str(tmp_path / "events"), "--state", str(tmp_path / "state")]
    assert main(["--nusers", "5", *arguments]) == 0

    assert main(["--nusers", "6", *arguments]) == 1
    assert "belongs to another simulation" in capsys.readouterr().err


def test_a_file_that_is_no_state_is_refused(tmp_path, capsys):
    (tmp_path / "state").write_text("nonsense")

    assert main(["--nusers", "5", "--output", str(tmp_path), "--state", str(tmp_path / "state")])
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_live_simulation_stops_cleanly_when_told_to(tmp_path, name):
    command = [sys.executable, "-m", "eventsim", "--continuous", "--from", "0.1", "--nusers", "300"]
    files, state = tmp_path / "events", tmp_path / "state"
    command += ["--output", str(files), "--state", str(state)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 60
    written = files / "page_view_events.json"
    while not (written.exists() and written.stat().st_size) and time.monotonic() < deadline:
        os.sched_yield()
    process.send_signal(getattr(signal, name))

    _, errors = process.communicate(timeout=60)

    assert process.returncode == 0
    assert b"Traceback" not in errors
    assert written.read_bytes().endswith(b"}\n")
    assert state.exists()


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path, capsys):
    (tmp_path / "taken").write_text("")

    assert main(["--nusers", "1", "--output", str(tmp_path / "taken" / "events")]) == 1
    assert capsys.readouterr().err.startswith("eventsim: cannot write")
