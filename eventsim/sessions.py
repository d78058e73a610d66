"""The walk: all listeners go from request to request at once, up to a moment in time.

Each step of the walk writes down one request of every listener who still has one before that
moment, and draws his next. Listeners are independent of each other, so neither the moments nor
the company they walk in change what they do.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eventsim.listeners import NEVER, NOTHING_BEFORE, Listeners
from eventsim.randomness import Integers, drawn, quick_exponentials
from eventsim.world import World

WALKED = ("random", "at", "state", "previous", "session", "item", "song", "song_end")
"""What the walk changes of a listener."""
BLOCK = 65_536
"""Listeners who walk at once: enough for numpy, few enough for the processor's cache."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Page requests, a row each, in order of time; ties by listener, then as they were made."""

    listener: npt.NDArray[np.int64]
    """The row of the listener."""
    at: npt.NDArray[np.int64]
    """Epoch seconds."""
    state: npt.NDArray[np.int32]
    previous: npt.NDArray[np.int32]
    """The state before it in the session, or `NOTHING_BEFORE`."""
    session: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    song: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.at)

    def taken(self, rows: Integers) -> "Requests":
        """Some of the rows."""
        return Requests(
            self.listener[rows], self.at[rows], self.state[rows], self.previous[rows],
            self.session[rows], self.item[rows], self.song[rows],
        )  # fmt: skip


NO_REQUESTS = Requests(
    *(np.zeros(0, dtype=dtype) for dtype in ("i8", "i8", "i4", "i4", "i8", "i8", "i4"))
)


class Walk:
    """Moves listeners on."""

    def __init__(self, world: World, session_stride: int) -> None:
        """The numbers of a listener's sessions are `session_stride` apart."""
        self._leaving = world.config.attrition_rate > 0
        self._machine = world.machine
        self._rhythm = world.rhythm
        self._catalog = world.catalog
        self._player = world.player
        self._stride = session_stride

    def until(self, listeners: Listeners, end: int) -> Requests:
        """Make all requests before `end` (epoch seconds); the listeners move on in place."""
        steps = list(self._walked(listeners, end))
        return _in_order(steps, len(listeners))

    def welcome(self, listeners: Listeners) -> None:
        """Start the song of each new listener whose first request is one."""
        for first in range(0, len(listeners), BLOCK):
            rows = np.arange(first, min(first + BLOCK, len(listeners)))
            group = _Group(listeners, rows)
            self._start_songs(group, self._machine.is_song[group.state])
            group.leave(np.ones(len(rows), dtype=bool))

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """Let everything before `start` (epoch seconds) happen without writing it down."""
        for _ in self._walked(listeners, start):
            pass

    def _walked(self, listeners: Listeners, end: int) -> Iterator[tuple[int, Requests]]:
        """Each step's number and requests; listeners walk in blocks, which bounds memory."""
        everybody = np.flatnonzero(listeners.at < end)
        for first in range(0, len(everybody), BLOCK):
            group = _Group(listeners, everybody[first : first + BLOCK])
            number = 0
            while group.rows.size:
                yield number, group.requests()
                self._step(group)
                group.leave(group.at >= end)
                number += 1

    def _step(self, group: "_Group") -> None:
        """Draw everybody's next request."""
        machine = self._machine
        bits = drawn(group.random)
        before, state = group.state, machine.after(group.state, bits)
        waits = (group.everybody.alpha[group.rows] * quick_exponentials(bits)).astype(np.int64)
        at = group.at + np.where(machine.is_redirect[state], 1, waits)
        starts = machine.is_song[state]
        at = np.where(starts & (group.at < group.song_end), group.song_end, at)
        over = np.flatnonzero(state == machine.end)
        last = group.at[over]
        # A copy: `before` was handed out as the last request's state.
        previous = before.copy() if over.size else before
        group.at, group.state, group.previous, group.item = at, state, previous, group.item + 1
        if over.size:
            self._begin_sessions(group, over, last)
            starts = machine.is_song[group.state]
        self._start_songs(group, starts)

    def _begin_sessions(self, group: "_Group", over: Integers, last: Integers) -> None:
        """Send those home whose session is over: they come back, or have left for good."""
        rows = group.rows[over]
        before = group.previous[over]
        random = group.random[over]
        group.at[over] = self._rhythm.next_start(
            last, group.everybody.beta[rows].astype(np.float64), random
        )
        gone = self._machine.is_churned[before]
        if self._leaving:
            gone = gone | (last >= group.everybody.leaves_at[rows])
        group.at[over[gone]] = NEVER
        groups = self._machine.group_of(before)
        group.state[over] = self._machine.entered(groups, drawn(random))
        group.random[over] = random
        group.previous[over] = NOTHING_BEFORE
        group.session[over] += self._stride
        group.item[over] = 0
        group.song_end[over] = 0

    def _start_songs(self, group: "_Group", starts: Integers) -> None:
        song = self._catalog.pick(drawn(group.random))
        group.song = np.where(starts, song, group.song)
        seconds = self._catalog.seconds[song]
        if self._player is not None:
            seconds = self._player.busy_seconds(group.session, group.item, seconds)
        group.song_end = np.where(starts, group.at + seconds, group.song_end)


class _Group:
    """Those of the listeners who still walk, in compact arrays."""

    def __init__(self, everybody: Listeners, rows: Integers) -> None:
        self.everybody = everybody
        self.rows = rows
        self.random = everybody.random[rows]
        self.at = everybody.at[rows]
        self.state = everybody.state[rows]
        self.previous = everybody.previous[rows]
        self.session = everybody.session[rows]
        self.item = everybody.item[rows]
        self.song = everybody.song[rows]
        self.song_end = everybody.song_end[rows]

    def requests(self) -> Requests:
        """What everybody requests now."""
        return Requests(
            self.rows, self.at, self.state, self.previous, self.session.copy(), self.item, self.song
        )

    def leave(self, done: npt.NDArray[np.bool_]) -> None:
        """Write back those who are done; go on with the others."""
        leaving = np.flatnonzero(done)
        if not leaving.size:
            return
        staying = np.flatnonzero(~done)
        rows = self.rows[leaving]
        for name in WALKED:
            own = getattr(self, name)
            getattr(self.everybody, name)[rows] = own[leaving]
            setattr(self, name, own[staying])
        self.rows = self.rows[staying]


def _in_order(steps: list[tuple[int, Requests]], listeners: int) -> Requests:
    """All steps' requests by time, then listener, then step."""
    if not steps:
        return NO_REQUESTS
    joined = Requests(
        *(np.concatenate([getattr(step, name) for _, step in steps])
          for name in Requests.__dataclass_fields__)
    )  # fmt: skip
    number = np.repeat([number for number, _ in steps], [len(step) for _, step in steps])
    first = np.cumsum(np.bincount(joined.listener, minlength=listeners + 1))
    place = np.where(joined.listener > 0, first[joined.listener - 1], 0) + number
    row_at = np.empty(len(place), dtype=np.int64)
    row_at[place] = np.arange(len(place))
    key = (joined.at - joined.at.min()) << 32 | place
    key.sort()
    return joined.taken(row_at[key & 0xFFFF_FFFF])
