"""What listeners do, told by the process that simulates them to those that write it."""

import threading
from multiprocessing.connection import Connection
from queue import Queue

import numpy as np

from contracts.errors import UnavailableError
from eventsim.listeners import Listeners
from eventsim.randomness import Integers
from eventsim.sessions import Requests, Walk

SENT_AS = {
    "listener": np.int32, "at": np.int64, "state": np.int16, "previous": np.int16,
    "session": np.int64, "item": np.int32, "song": np.int32,
}  # fmt: skip
"""The columns of requests, as small as they can be."""
STRETCHES_AHEAD = 2
"""How far the simulation may be ahead of a writer, besides what the pipe holds."""


class Telling:
    """A walk of which others are told."""

    def __init__(self, walk: Walk, ears: list[Connection]) -> None:
        """Walk as `walk` does."""
        self._walk, self._ears = walk, ears

    def welcome(self, listeners: Listeners) -> None:
        """See `Walk`."""
        self._walk.welcome(listeners)

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """See `Walk`."""
        self._walk.skip_to(listeners, start)

    def until(self, listeners: Listeners, end: int) -> Requests:
        """Make all requests before `end` (epoch seconds), and tell of them.

        Raises:
            BrokenPipeError: Somebody no longer listens.
        """
        requests = self._walk.until(listeners, end)
        packed = [getattr(requests, name).astype(kind) for name, kind in SENT_AS.items()]
        for ear in self._ears:
            ear.send(packed)
        return requests


class Hearing:
    """A walk that another process makes."""

    def __init__(self, told: Connection) -> None:
        """Hear of it through `told`; what comes early is kept."""
        self._told = told
        self._heard: Queue[list[Integers] | None] = Queue(STRETCHES_AHEAD)
        threading.Thread(target=self._listen, daemon=True).start()

    def welcome(self, listeners: Listeners) -> None:
        """Nothing: who walks is in the other process."""

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """Nothing, as above."""

    def until(self, listeners: Listeners, end: int) -> Requests:  # noqa: ARG002 - as in `Walk`
        """The requests of the next stretch.

        Raises:
            UnavailableError: The other process has ended.
        """
        packed = self._heard.get()
        if packed is None:
            raise UnavailableError("the process that simulates has ended")
        columns = dict(zip(SENT_AS, packed, strict=True))
        return Requests(**{name: column.astype(np.int64) for name, column in columns.items()})

    def _listen(self) -> None:
        try:
            while True:
                self._heard.put(self._told.recv())
        except (EOFError, OSError):
            self._heard.put(None)
