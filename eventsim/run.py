"""Runs a simulation: stretch by stretch, into the sinks, as fast as can be or with the clock."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from contracts.events import (
    AUTH_EVENTS,
    LISTEN_EVENTS,
    PAGE_VIEW_EVENTS,
    STATUS_CHANGE_EVENTS,
)
from eventsim.faults import Faults
from eventsim.ledger import Ledger
from eventsim.messages import Messages
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.sessions import Requests
from eventsim.simulation import PlayerActions, Simulation
from eventsim.sinks import Sink
from eventsim.state import Told, save, sizes_in
from eventsim.topics import TOPICS, Topics

CHUNK = 8192
"""Requests written at once: what their text takes should fit the processor's cache."""
STRETCH_REQUESTS = 125_000
"""Requests simulated at once, about; at dawn a stretch can hold twice as many, all in memory."""
FIRST_STRETCH, LONGEST_STRETCH = 600, 30 * 86_400
"""Seconds of simulated time."""
SAVE_SECONDS = 30
"""Seconds between two savings of the state."""
TICK = 1.0
"""Seconds between two looks at the clock, once it has been caught up with."""


@dataclass(slots=True)
class Run:
    """A simulation with all that it needs to be written."""

    simulation: Simulation
    topics: Topics
    faults: Faults
    sinks: list[Sink]
    report: Report
    progress: Progress
    names: tuple[str, ...] = TOPICS
    """The topics to write."""
    ledger: Ledger | None = None
    state: Path | None = None
    """Where to save, so that a later run can go on."""
    belongs_to: str = ""
    chunk: int = CHUNK
    output: Path | None = None
    """The folder of the files."""
    _saved: float = field(default_factory=time.monotonic)
    _messages_before: int = 0

    def __post_init__(self) -> None:
        """Note what earlier runs have sent."""
        self._messages_before = self.report.messages

    @property
    def messages(self) -> int:
        """What this run has sent."""
        return self.report.messages - self._messages_before

    def to_the_end(self, end: int) -> None:
        """Simulate up to `end`, epoch seconds, as fast as can be."""
        length = FIRST_STRETCH
        while self.simulation.now < end:
            until = min(self.simulation.now + length, end)
            requests = self.stretch(until)
            length = _next_length(length, requests)

    def with_the_clock(self, end: int | None) -> None:
        """Catch up with the clock, then keep pace with it until `end` or a signal to stop."""
        length = FIRST_STRETCH
        if self.state and not self.state.exists():
            self.save()  # killed at once, it will begin from here again, with the same events
        with _stop_on_signals() as stop:
            while not stop.is_set() and (end is None or self.simulation.now < end):
                now = int(time.time())
                until = min(self.simulation.now + length, now, end or now)
                if until > self.simulation.now:
                    length = _next_length(length, self.stretch(until))
                else:
                    self.progress.show(self.simulation.now, self.messages)
                    stop.wait(TICK)
                if self.state and time.monotonic() - self._saved > SAVE_SECONDS:
                    self.save()

    def save(self) -> None:
        """Wait until all is safe, and write down where the simulation stands.

        Raises:
            UnavailableError: Something could not be written.
        """
        for sink in self.sinks:
            sink.flush()
        if self.state is not None:
            save(self.state, self.simulation, self.faults, self.belongs_to, self._told())
        self._saved = time.monotonic()

    def _told(self) -> Told:
        """What has been written up to now, by this run and those that it goes on from."""
        report = deepcopy(self.report)
        for sink in self.sinks:
            report.refuse(sink.refused)
        return Told(
            report,
            self.ledger.mark() if self.ledger else None,
            sizes_in(self.output, self.names) if self.output else {},
        )

    def stretch(self, until: int) -> int:
        """Simulate up to `until` and hand it to the sinks; returns the number of requests."""
        before = len(self.simulation.listeners)
        requests, actions = self.simulation.advance(until)
        if self.names and len(self.simulation.listeners) != before:
            self.topics.update(self.simulation.listeners)
        for messages in self._messages(requests, actions):
            outgoing = self.faults.applied(messages)
            for sink in self.sinks:
                sink.write(outgoing)
            self.report.add(outgoing)
            if self.ledger is not None:
                self.ledger.add(outgoing)
            self.progress.show(until, self.messages)
        return len(requests)

    def close(self) -> None:
        """Finish: send what was held back, unless a later run will go on from here.

        Raises:
            UnavailableError: Not all that was sent is safe.
        """
        for topic in TOPICS if self.state is None else ():
            if extras := self.faults.left(topic):
                for sink in self.sinks:
                    sink.write_extras(topic, extras)
                self.report.add_extras(topic, extras)
                if self.ledger is not None:
                    self.ledger.add_extras(topic, extras)
        if self.state is not None:
            self.save()
        for sink in self.sinks:
            sink.close()
        if self.ledger is not None:
            self.ledger.close()

    def _messages(self, requests: Requests, actions: PlayerActions) -> Iterator[Messages]:
        """All messages, in chunks; each topic's in order of time."""
        makers: dict[str, Callable[[Requests], Messages]] = {
            PAGE_VIEW_EVENTS.name: self.topics.page_views,
            LISTEN_EVENTS.name: self.topics.listens,
            AUTH_EVENTS.name: self.topics.logins,
            STATUS_CHANGE_EVENTS.name: self.topics.changes,
        }
        wanted = [make for name, make in makers.items() if name in self.names]
        for first in range(0, len(requests), self.chunk):
            chunk = requests.taken(slice(first, first + self.chunk))
            for make in wanted:
                yield make(chunk)
        for first in range(0, len(actions), self.chunk):
            yield self.topics.player_actions(actions.taken(slice(first, first + self.chunk)))


def _next_length(length: int, requests: int) -> int:
    """The next stretch, such that it has about as many requests as wanted."""
    fitting = int(length * STRETCH_REQUESTS / max(requests, 1))
    return max(1, min(fitting, 4 * length + 60, LONGEST_STRETCH))


@contextmanager
def _stop_on_signals() -> Iterator[threading.Event]:
    """An event that Ctrl-C and SIGTERM set, instead of ending the process at once."""
    stop = threading.Event()

    def set_it(_: int, __: FrameType | None) -> None:
        stop.set()

    before = {name: signal.signal(name, set_it) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
