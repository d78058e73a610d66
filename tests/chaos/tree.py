"""The processes below a process, as Linux lists them."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def below(root: int) -> list[int]:
    """Ids of a process's children, their children, and so on."""
    parents = dict(_parents())
    found: list[int] = []
    added = [root]
    while added:
        added = [each for each, parent in parents.items() if parent in added]
        found += added
    return found


def java(root: int) -> list[int]:
    """The Java processes below a process."""
    return [each for each in below(root) if b"java" in _command(each).partition(b"\0")[0]]


def workers(root: int) -> list[int]:
    """The Python processes in which Spark runs our tasks: the daemon's children."""
    daemons = [each for each in below(root) if b"pyspark.daemon" in _command(each)]
    return [each for each in daemons if _parent(each) in daemons]


def send(pids: list[int], sent: signal.Signals) -> None:
    """Send a signal to those that still run."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, sent)


def _parents() -> Iterator[tuple[int, int]]:
    for folder in PROC.glob("[0-9]*"):
        parent = _parent(int(folder.name))
        if parent is not None:
            yield int(folder.name), parent


def _parent(pid: int) -> int | None:
    try:
        stat = (PROC / str(pid) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(stat.rpartition(")")[2].split()[1])


def _command(pid: int) -> bytes:
    try:
        return (PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
