"""What listeners do, told by the process that simulates them to those that write it.

The rows stand in memory that all of them share, in slots that are used in turn; through a pipe go
only the news that a slot has been filled, and the answer that it has been read.
"""

from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.errors import UnavailableError
from eventsim.listeners import Listeners
from eventsim.sessions import Requests
from eventsim.simulation import Walker

KINDS = {
    "listener": np.int32, "at": np.int64, "state": np.int16, "previous": np.int16,
    "session": np.int64, "item": np.int32, "song": np.int32,
}  # fmt: skip
"""The columns of requests, as small as they can be."""
SLOT_ROWS = 65_536
SLOTS = 8
"""How far the simulation can be ahead of who writes: two stretches, about."""
READ = b"r"


class Board:
    """Memory in which requests are told, `SLOTS` times `SLOT_ROWS` of them."""

    def __init__(self, context: BaseContext) -> None:
        """Take the memory; processes that are given the board share it."""
        widths = [np.dtype(kind).itemsize for kind in KINDS.values()]
        self._memory: Any = context.RawArray("b", SLOTS * SLOT_ROWS * sum(widths))

    def columns(self) -> dict[str, npt.NDArray[Any]]:
        """Each column of requests by name: a row a slot."""
        columns, first = {}, 0
        for name, kind in KINDS.items():
            column = np.frombuffer(self._memory, kind, SLOTS * SLOT_ROWS, first)
            columns[name] = column.reshape(SLOTS, SLOT_ROWS)
            first += column.nbytes
        return columns


class Telling:
    """A walk of which others are told."""

    def __init__(self, walk: Walker, board: Board, ears: Sequence[Connection]) -> None:
        """Walk as `walk` does; whoever has the other end of an ear reads all of it."""
        self._walk, self._columns, self._ears = walk, board.columns(), ears
        self._told = 0

    def welcome(self, listeners: Listeners) -> None:
        """See `Walk`."""
        self._walk.welcome(listeners)

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """See `Walk`."""
        self._walk.skip_to(listeners, start)

    def until(self, listeners: Listeners, end: int) -> Requests:
        """Make all requests before `end` (epoch seconds), and tell of them.

        Raises:
            EOFError: Somebody no longer listens.
            OSError: Likewise.
        """
        requests = self._walk.until(listeners, end)
        for first in range(0, max(len(requests), 1), SLOT_ROWS):
            part = requests.taken(slice(first, first + SLOT_ROWS))
            self._tell(part, is_last=first + SLOT_ROWS >= len(requests))
        return requests

    def _tell(self, part: Requests, *, is_last: bool) -> None:
        if self._told >= SLOTS:
            for ear in self._ears:
                ear.recv_bytes(len(READ))  # that the slot has been read
        slot = self._told % SLOTS
        for name, column in self._columns.items():
            column[slot, : len(part)] = getattr(part, name)
        for ear in self._ears:
            ear.send((len(part), is_last))
        self._told += 1


class Hearing:
    """A walk that another process makes."""

    def __init__(self, board: Board, told: Connection) -> None:
        """Hear of it through `told` and the board."""
        self._columns, self._told = board.columns(), told
        self._heard = 0

    def welcome(self, listeners: Listeners) -> None:
        """Nothing: who walks is in the other process."""

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """Nothing, as above."""

    def until(self, listeners: Listeners, end: int) -> Requests:  # noqa: ARG002 - as in `Walk`
        """The requests of the next stretch.

        Raises:
            UnavailableError: The other process has ended.
        """
        parts, is_last = [], False
        while not is_last:
            try:
                rows, is_last = self._told.recv()
                parts.append(self._read(rows))
                self._told.send_bytes(READ)
            except (EOFError, OSError) as error:
                raise UnavailableError("the process that simulates has ended") from error
        if len(parts) == 1:
            return parts[0]
        return Requests(
            *(np.concatenate([getattr(part, name) for part in parts]) for name in KINDS)
        )

    def _read(self, rows: int) -> Requests:
        """A copy of what the slot holds, which can then be filled again."""
        slot = self._heard % SLOTS
        self._heard += 1
        return Requests(
            *(column[slot, :rows].astype(np.int64) for column in self._columns.values())
        )
