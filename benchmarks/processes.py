"""What a process and all its descendants take: CPU-seconds and memory, read from Linux's /proc."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
LOOKS_EVERY = 0.25


@dataclass(slots=True)
class Peak:
    """The largest memory seen, bytes."""

    rss: int = 0


@dataclass(frozen=True, slots=True)
class _Process:
    parent: int
    cpu_ticks: int
    """Its own and that of the children it has waited for."""
    rss: int


def cpu_seconds() -> float:
    """CPU-seconds that this process and its descendants have taken so far."""
    return sum(each.cpu_ticks for each in _family()) / TICKS


def cpu_seconds_of(pid: int) -> float:
    """CPU-seconds that one process has taken so far, its children apart."""
    return sum(map(int, _counts(pid)[11:13])) / TICKS


def rss() -> int:
    """Resident bytes of this process and its descendants; what they share counts for each."""
    return sum(each.rss for each in _family())


@contextmanager
def watched_memory() -> Iterator[Peak]:
    """The peak of `rss` from here to the end of the block."""
    peak, over = Peak(), threading.Event()

    def watch() -> None:
        while not over.wait(LOOKS_EVERY):
            peak.rss = max(peak.rss, rss())

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()


def _family() -> list[_Process]:
    """This process and its descendants."""
    all_of_them = dict(_processes())
    children = defaultdict(list)
    for pid, each in all_of_them.items():
        children[each.parent].append(pid)
    found, to_visit = [], [os.getpid()]
    while to_visit:
        pid = to_visit.pop()
        found.append(all_of_them[pid])
        to_visit += children[pid]
    return found


def _processes() -> Iterator[tuple[int, _Process]]:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            counts = _counts(int(folder.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
        ticks = sum(map(int, counts[11:15]))
        yield int(folder.name), _Process(int(counts[1]), ticks, int(counts[21]) * PAGE)


def _counts(pid: int) -> list[str]:
    """What stands in /proc of a process after its name, which, in brackets, may hold anything."""
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
