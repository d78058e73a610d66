"""A simulation shared by processes: each simulates all listeners, and writes its own topics.

Writing takes most of the time, and topics do not depend on each other; so the bytes are the same
whatever the number of processes, and no process waits for another.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import (
    AUTH_EVENTS,
    LISTEN_EVENTS,
    MUSIC_EVENTS,
    PAGE_VIEW_EVENTS,
    STATUS_CHANGE_EVENTS,
)
from contracts.logs import configure_logs
from eventsim.assembly import simulated, topics_of
from eventsim.memory import keep_freed_memory
from eventsim.options import Settings
from eventsim.progress import Progress
from eventsim.report import Report

LOADS = {
    PAGE_VIEW_EVENTS.name: 10,
    LISTEN_EVENTS.name: 9,
    MUSIC_EVENTS.name: 12,
    AUTH_EVENTS.name: 1,
    STATUS_CHANGE_EVENTS.name: 1,
}
"""How much work each topic is, about."""


def shares(topics: Iterable[str], workers: int) -> list[tuple[str, ...]]:
    """The topics of each worker, as even as can be; there are never more workers than topics.

    >>> shares(["listen_events", "page_view_events", "auth_events"], 2)
    [('page_view_events',), ('listen_events', 'auth_events')]
    """
    parts: list[list[str]] = [[] for _ in range(workers)]
    for topic in sorted(topics, key=LOADS.__getitem__, reverse=True):
        min(parts, key=lambda part: sum(LOADS[each] for each in part)).append(topic)
    return [tuple(part) for part in parts if part]


def simulated_by_all(settings: Settings) -> Report:
    """Simulate with as many processes as the settings say; what all of them sent.

    Raises:
        ConfigurationError: A file is wrong, or the configuration contradicts itself.
        UnavailableError: Not all could be written, or a worker died.
    """
    own, *others = shares(topics_of(settings), settings.workers)
    workers = [_started(settings, topics) for topics in others]
    with Progress() as progress:
        report = simulated(settings, own, progress)
        for process, answer in workers:
            report.join(_answered(process, answer))
    return report


def _started(settings: Settings, topics: tuple[str, ...]) -> tuple[SpawnProcess, Connection]:
    context = multiprocessing.get_context("spawn")
    answer, asked = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(settings, topics, asked), daemon=True)
    process.start()
    asked.close()  # so that a worker that dies is noticed
    return process, answer


def _work(settings: Settings, topics: tuple[str, ...], answer: Connection) -> None:
    """What a worker does: its topics, and then it answers with its report or its error."""
    configure_logs()
    keep_freed_memory()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to answer
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        answer.send(simulated(settings, topics, Progress()))
    except MusicFlowError as error:
        answer.send(error)


def _answered(process: SpawnProcess, answer: Connection) -> Report:
    try:
        result = answer.recv()
    except EOFError as error:
        process.join()
        raise UnavailableError(
            f"a worker process ended with code {process.exitcode}: is there memory enough? "
            "Otherwise try fewer --workers"
        ) from error
    if isinstance(result, MusicFlowError):
        raise result
    report: Report = result
    return report


def _end_with_parent() -> None:
    """End this process as soon as the one that started it has ended, however it did."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
