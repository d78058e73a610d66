"""Stations as processes: watched while they run, and gone when they should be."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local import processes

SLEEPER = "import signal; signal.pause()"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def gone(pid: int, seconds: float = 10) -> bool:
    """Whether the process ends in time; a zombie that nobody has reaped yet has ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (ProcessLookupError, FileNotFoundError):
            return True
        if state == "Z":
            return True
    return False


def test_a_command_that_succeeds_is_run_to_its_end(tmp_path):
    done = tmp_path / "done"

    processes.run(python(f"open({str(done)!r}, 'w')"), os.environ, tmp_path / "log")

    assert done.exists()


def test_a_command_that_fails_is_quoted(tmp_path):
    failing = python("import sys; sys.exit('streaming: no broker at x:1: start one')")

    with pytest.raises(processes.StationFailedError, match="no broker at x:1: start one"):
        processes.run(failing, os.environ, tmp_path / "log")


def test_a_server_ends_with_its_block_and_so_does_what_it_started(tmp_path):
    child = tmp_path / "child"
    code = (
        "import subprocess, sys, signal, pathlib\n"
        f"p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}])\n"
        f"pathlib.Path({str(child)!r}).write_text(str(p.pid))\n"
        "signal.signal(signal.SIGTERM, lambda *_: None)\n"
        "p.wait()\n"
    )
    log = tmp_path / "log"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "STOP_SECONDS", 1)
        with processes.running(python(code), os.environ, log) as server:
            processes.wait_until(lambda: child.exists() and child.read_text(), server, log, 20)

    assert gone(server.pid)
    assert gone(int(child.read_text()))


def test_a_server_that_never_is_ready_is_an_error(tmp_path):
    log = tmp_path / "log"
    with (
        processes.running(python(SLEEPER), os.environ, log) as server,
        pytest.raises(processes.StationFailedError, match="not ready after"),
    ):
        processes.wait_until(lambda: False, server, log, 0.1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ties processes to their parent")
def test_a_process_dies_with_its_parent_however_that_died(tmp_path):
    pid_file = tmp_path / "pid"
    tied = [sys.executable, "-m", "local.tied", *python(SLEEPER)]
    parent = subprocess.Popen(
        python(
            "import subprocess, pathlib, signal\n"
            f"p = subprocess.Popen({tied!r})\n"
            f"pathlib.Path({str(pid_file)!r}).write_text(str(p.pid))\n"
            "signal.pause()\n"
        )
    )
    deadline = time.monotonic() + 20
    while not (pid_file.exists() and pid_file.read_text()):
        assert time.monotonic() < deadline
    child = int(pid_file.read_text())
    while "local.tied" in Path(f"/proc/{child}/cmdline").read_text():
        assert time.monotonic() < deadline

    parent.send_signal(signal.SIGKILL)
    parent.wait()

    assert gone(child)


def test_a_command_that_was_killed_is_told_from_one_that_failed(tmp_path):
    killed = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    with pytest.raises(processes.StationKilledError):
        processes.run(killed, os.environ, tmp_path / "log")


def test_a_full_disk_is_named_though_its_victim_could_not(tmp_path, monkeypatch):
    full = shutil._ntuple_diskusage(100, 100, 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)

    with pytest.raises(processes.StationFailedError, match="is full: make room"):
        processes.run(python("import sys; sys.exit(1)"), os.environ, tmp_path / "log")
