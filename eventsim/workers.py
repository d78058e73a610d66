"""A simulation shared by processes: one simulates, each of the others writes some of the topics.

Writing takes most of the time, and topics do not depend on each other; so nothing has to be
merged, and the bytes are the same whatever the number of processes.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import (
    AUTH_EVENTS,
    LISTEN_EVENTS,
    MUSIC_EVENTS,
    PAGE_VIEW_EVENTS,
    STATUS_CHANGE_EVENTS,
)
from contracts.logs import configure_logs
from eventsim.assembly import Stage, set_up, simulated, topics_of
from eventsim.options import Settings
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.telling import Board, Hearing, Telling

LOADS = {
    PAGE_VIEW_EVENTS.name: 10,
    LISTEN_EVENTS.name: 9,
    MUSIC_EVENTS.name: 12,
    AUTH_EVENTS.name: 1,
    STATUS_CHANGE_EVENTS.name: 1,
}
"""How much work each topic is, about."""


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that writes topics."""

    process: BaseProcess
    ear: Connection
    """Where it is told that there is something to read."""
    answer: Connection
    """What it says at the end: its report, or its error."""


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
    """Simulate, and write with as many processes as the settings say; what was sent.

    Raises:
        ConfigurationError: A file is wrong, or the configuration contradicts itself.
        UnavailableError: Not all could be written, or a worker died.
    """
    stage = set_up(settings)
    if settings.workers == 1:
        with Progress() as progress:
            return simulated(stage, topics_of(settings), progress)
    if settings.format == "ndjson" or settings.kafka:
        stage.topics.prepare_texts()  # once, for all
    context = _context()
    board = Board(context)
    workers: list[Worker] = []
    try:
        workers.extend(
            _started(context, stage, part, board)
            for part in shares(topics_of(settings), settings.workers)
        )
        return _told_by_one(stage, workers, board)
    finally:
        for worker in workers:
            worker.process.terminate()
            worker.process.join()


def _context() -> BaseContext:
    # A forked process has all that was set up. Elsewhere than on Linux, libraries that have
    # threads of their own do not stand it, and each process is given a copy.
    return multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")


def _told_by_one(stage: Stage, workers: list[Worker], board: Board) -> Report:
    """Simulate here, and have what happens written there."""
    ears = [worker.ear for worker in workers]
    stage.simulation.go_on(via=lambda walk: Telling(walk, board, ears))
    try:
        with Progress() as progress:
            report = simulated(stage, (), progress)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        ended = wait([worker.answer for worker in workers])
        for worker in workers:
            if worker.answer in ended:
                _answered(worker)  # raises what ended it
        raise
    for worker in workers:
        report.join(_answered(worker))
    return report


def _started(context: BaseContext, stage: Stage, topics: tuple[str, ...], board: Board) -> Worker:
    told, ear = context.Pipe()
    answer, answers = context.Pipe(duplex=False)
    process = context.Process(  # type: ignore[attr-defined]  # every context has it
        target=_work, args=(stage, topics, board, told, answers), daemon=True
    )
    process.start()
    told.close()  # so that a worker that dies is noticed
    answers.close()
    return Worker(process, ear, answer)


def _work(
    stage: Stage, topics: tuple[str, ...], board: Board, told: Connection, answers: Connection
) -> None:
    """What a worker does: its topics, and then it answers with its report or its error."""
    configure_logs()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first process's to answer
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    stage.simulation.go_on(via=lambda _: Hearing(board, told))
    try:
        with closing(told):
            answers.send(simulated(stage, topics, Progress()))
    except MusicFlowError as error:
        answers.send(error)


def _answered(worker: Worker) -> Report:
    try:
        result = worker.answer.recv()
    except EOFError as error:
        worker.process.join()
        raise UnavailableError(
            f"a worker process ended with code {worker.process.exitcode}: is there memory enough? "
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
