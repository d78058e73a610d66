"""What listeners do, told by the process that simulates them to those that write it.

The rows stand in memory that all of them share, in slots that are used in turn; through a pipe go
only the news that a slot has been filled, and the answer that it has been read.
"""

from collections.abc import Sequence
from dataclasses import fields
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext
from typing import Any

import numpy as np
import numpy.typing as npt

from contracts.errors import UnavailableError
from eventsim.listeners import Listeners
from eventsim.sessions import Requests
from eventsim.simulation import Walker

COLUMNS = tuple(each.name for each in fields(Requests))
SLOT_ROWS = 262_144
"""More than most stretches have; longer ones are told in parts."""
SLOTS = 4
"""How far the simulation can be ahead of who writes."""
READ = b"r"


class Board:
    """Memory in which requests are told, `SLOTS` times `SLOT_ROWS` of them."""

    def __init__(self, context: BaseContext) -> None:
        """Take the memory; processes that are given the board share it."""
        self._memory: Any = context.RawArray("q", SLOTS * len(COLUMNS) * SLOT_ROWS)

    def slots(self) -> npt.NDArray[np.int64]:
        """Slots by columns by rows."""
        memory: npt.NDArray[np.int64] = np.frombuffer(self._memory, np.int64)
        return memory.reshape(SLOTS, len(COLUMNS), SLOT_ROWS)


class Telling:
    """A walk of which others are told."""

    def __init__(self, walk: Walker, board: Board, ears: Sequence[Connection]) -> None:
        """Walk as `walk` does; whoever has the other end of an ear reads all of it."""
        self._walk, self._slots, self._ears = walk, board.slots(), ears
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
        slot = self._slots[self._told % SLOTS]
        for name, column in zip(COLUMNS, slot, strict=True):
            column[: len(part)] = getattr(part, name)
        for ear in self._ears:
            ear.send((len(part), is_last))
        self._told += 1


class Hearing:
    """A walk that another process makes."""

    def __init__(self, board: Board, told: Connection) -> None:
        """Hear of it through `told` and the board."""
        self._slots, self._told = board.slots(), told
        self._heard = 0
        self._in_use = False

    def welcome(self, listeners: Listeners) -> None:
        """Nothing: who walks is in the other process."""

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """Nothing, as above."""

    def until(self, listeners: Listeners, end: int) -> Requests:  # noqa: ARG002 - as in `Walk`
        """The requests of the next stretch; they stand until the one after it is asked for.

        Raises:
            UnavailableError: The other process has ended.
        """
        part, is_last = self._next_part()
        if is_last:
            return part
        copies = [_copied(part)]
        while not is_last:
            part, is_last = self._next_part()
            copies.append(_copied(part))
        return Requests(*np.concatenate(copies, axis=1))

    def _next_part(self) -> tuple[Requests, bool]:
        """What the next slot holds, and whether that ends the stretch."""
        try:
            if self._in_use:
                self._told.send_bytes(READ)
            rows, is_last = self._told.recv()
        except (EOFError, OSError) as error:
            raise UnavailableError("the process that simulates has ended") from error
        slot = self._slots[self._heard % SLOTS]
        self._heard += 1
        self._in_use = True
        return Requests(*slot[:, :rows]), is_last


def _copied(part: Requests) -> npt.NDArray[np.int64]:
    return np.stack([getattr(part, name) for name in COLUMNS])
