"""Stations as processes: started tied to us, watched, and ended with all that they started."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from contracts.errors import MusicFlowError

STOP_SECONDS = 20
"""How long a process may take to finish what it has in hand before it is killed."""
POLL_SECONDS = 0.5
LEAST_FREE_BYTES = 8_000_000
"""With less room than this a station has failed for want of it, and could hardly say so."""


class StationFailedError(MusicFlowError):
    """A station's process ended with an error; the message holds its last words."""


class StationKilledError(StationFailedError):
    """A station was ended from outside, by a signal or through its Spark; it may start again."""


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> subprocess.Popen:
    """Start `command` in a session of its own; what it prints goes to the file `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "local.tied", *command],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def stop(process: subprocess.Popen) -> None:
    """End a process and its descendants: first asked to, then made to."""
    with _undisturbed():
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], log: Path
) -> Iterator[subprocess.Popen]:
    """A server for the length of a `with` block."""
    process = start(command, environment, log)
    try:
        yield process
    finally:
        stop(process)


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Run `command` to its end, calling `meanwhile` twice a second.

    Raises:
        StationKilledError: A signal ended it, or it says that it may be started again.
        StationFailedError: It ended with an exit code other than 0.
    """
    with running(command, environment, log) as process:
        while not _ended(process):
            meanwhile()
        meanwhile()
        if process.returncode < 0 or process.returncode == os.EX_TEMPFAIL:
            raise StationKilledError(last_words(log, process.returncode))
        if process.returncode:
            raise StationFailedError(last_words(log, process.returncode))


def wait_until(
    ready: Callable[[], bool], process: subprocess.Popen, log: Path, seconds: float
) -> None:
    """Wait for a server that was just started.

    Raises:
        StationFailedError: It ended, or was not ready in `seconds`.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if _ended(process):
            raise StationFailedError(last_words(log, process.returncode))
        if time.monotonic() > deadline:
            raise StationFailedError(f"not ready after {seconds:.0f} s; its words are in {log}")


def check_runs(process: subprocess.Popen, log: Path) -> None:
    """Make sure that a server still runs.

    Raises:
        StationFailedError: It has ended.
    """
    if process.poll() is not None:
        raise StationFailedError(last_words(log, process.returncode))


def last_words(log: Path, returncode: int) -> str:
    """How a process ended, as one message: killed, or with the last that it said."""
    if shutil.disk_usage(log.parent).free < LEAST_FREE_BYTES:
        return f"the disk that holds {log.parent} is full: make room there"
    if returncode < 0:
        return f"the process was killed by {signal.Signals(-returncode).name}\n(its words: {log})"
    words = last_line(log) or f"it ended with exit code {returncode} and said nothing"
    return f"{words}\n(more in {log})"


def last_line(log: Path) -> str:
    """The last line of a log that is not blank, or nothing."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Let a second, impatient Ctrl-C not end us before we have ended what we started."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {each: signal.signal(each, signal.SIG_IGN) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ended(process: subprocess.Popen) -> bool:
    try:
        process.wait(POLL_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    return True
