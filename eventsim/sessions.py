"""The walk: many listeners go from request to request at once, up to a moment in time.

Each step of the walk writes down one request of everybody in the group and draws his next.
Whoever ends his session rests; now and then those at rest are given their next session, and walk
on if it begins early enough. Listeners are independent of each other, so neither the moments nor
the company they walk in change what they do.

The group is one matrix with a column for each listener, because what bounds the speed of small
groups is the number of numpy calls in a step.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from eventsim.foresight import (
    CELL,
    REST,
    SECONDS,
    SONG_BITS,
    WAIT,
    Foreseen,
    Matrix,
    foreseen,
)
from eventsim.foresight import SONG as PICKED
from eventsim.listeners import NEVER, NOTHING_BEFORE, Listeners
from eventsim.machine import Flags
from eventsim.randomness import STEP, Bits, Integers, drawn, mixed
from eventsim.world import World

WALKED = (
    "at", "state", "previous", "session", "song", "item", None, "random", "song_end",
)  # fmt: skip
"""What the walk changes of a listener: rows of the matrix, after the listener's own."""
LISTENER, AT, STATE, PREVIOUS, SESSION, SONG, ITEM, RANK, RANDOM, SONG_END = range(10)
"""Rows of the matrix; RANK counts a listener's requests in this walk."""
WRITTEN_DOWN = slice(LISTENER, RANK + 1)
KEPT = (LISTENER, AT, STATE, PREVIOUS, SESSION, ITEM, SONG)
"""Of those, what `Requests` have, in their order."""
MOVED = slice(ITEM, RANDOM + 1)
MOVES = np.array([[1], [1], [STEP.astype(np.int64)]])
"""What is added to the rows that are MOVED with each request."""
BLOCK = 65_536
"""Listeners who walk at once: enough for numpy, few enough for the processor's cache."""
STEPS_AT_REST = 32
"""Steps after which those at rest are given their next session."""


@dataclass(frozen=True, slots=True)
class Requests:
    """Page requests, a row each, in order of time; ties by listener, then as they were made."""

    listener: Integers
    """The row of the listener."""
    at: Integers
    """Epoch seconds."""
    state: Integers
    previous: Integers
    """The state before it in the session, or `NOTHING_BEFORE`."""
    session: Integers
    item: Integers
    song: Integers

    def __len__(self) -> int:
        return len(self.at)

    def taken(self, rows: Integers | slice) -> "Requests":
        """Some of the rows."""
        return Requests(
            self.listener[rows], self.at[rows], self.state[rows], self.previous[rows],
            self.session[rows], self.item[rows], self.song[rows],
        )  # fmt: skip


NO_REQUESTS = Requests(*np.zeros((7, 0), dtype=np.int64))


class Walk:
    """Moves listeners on."""

    def __init__(self, world: World, session_stride: int) -> None:
        """The numbers of a listener's sessions are `session_stride` apart."""
        self._world = world
        self._leaving = world.config.attrition_rate > 0
        self._machine = world.machine
        self._rhythm = world.rhythm
        self._stride = session_stride

    def until(self, listeners: Listeners, end: int) -> Requests:
        """Make all requests before `end` (epoch seconds); the listeners move on in place."""
        return _in_order(list(self._walked(listeners, end)), len(listeners))

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """Let everything before `start` (epoch seconds) happen without writing it down."""
        for _ in self._walked(listeners, start):
            pass

    def welcome(self, listeners: Listeners) -> None:
        """Start the song of each new listener whose first request is one."""
        for first in range(0, len(listeners), BLOCK):
            group = _brought(listeners, np.arange(first, min(first + BLOCK, len(listeners))))
            self._start_songs(group, self._machine.is_song[group[STATE]])
            _take_back(listeners, group)

    def _walked(self, listeners: Listeners, end: int) -> Iterator[Matrix]:
        """Each step's requests, as columns of `WRITTEN_DOWN`; in blocks, which bounds memory."""
        everybody = np.flatnonzero(listeners.at < end)
        for first in range(0, len(everybody), BLOCK):
            group = _brought(listeners, everybody[first : first + BLOCK])
            draws: Foreseen | None = None
            resting: list[Matrix] = []
            step = 0
            while group.size or resting:
                if group.size:
                    yield group[WRITTEN_DOWN].copy()
                    if draws is None or draws.is_over:
                        draws = self._foreseen(listeners, group)
                    group = self._step(listeners, group, draws, end, resting)
                step += 1
                if resting and (step % STEPS_AT_REST == 0 or not group.size):
                    returning = np.concatenate(resting, axis=1)
                    resting.clear()
                    self._begin_sessions(listeners, returning)
                    returning = _those_before(end, returning, listeners)
                    group = np.concatenate([group, returning], axis=1)
                    draws = None

    def _foreseen(self, listeners: Listeners, group: Matrix) -> Foreseen:
        alpha = listeners.alpha[group[LISTENER]]
        return foreseen(self._world, _random(group), alpha, group[SESSION], group[ITEM])

    def _step(
        self,
        listeners: Listeners,
        group: Matrix,
        draws: Foreseen,
        end: int,
        resting: list[Matrix],
    ) -> Matrix:
        """Draw everybody's next request; gives those who walk on."""
        machine, draw = self._machine, draws.next_step()
        before, at = group[STATE], group[AT]
        state = machine.after(before, draw[CELL], draw[REST])
        group[RANDOM] += MOVES[-1]
        over = state == machine.end
        leaving = over.any()
        if leaving:
            resting.append(group.compress(over, axis=1))
        waits = np.where(machine.is_redirect[state], 1, draw[WAIT])
        starts = machine.is_song[state]
        group[AT] = np.where(starts & (at < group[SONG_END]), group[SONG_END], at + waits)
        group[PREVIOUS] = before
        group[STATE] = state
        group[MOVED] += MOVES
        self._start_foreseen_songs(group, starts, draw)
        late = group[AT] >= end
        if late.any():
            leaving = True
            late &= ~over
            _take_back(listeners, group.compress(late, axis=1))
            over |= late
        if not leaving:
            return group
        staying = np.flatnonzero(~over)
        draws.keep(staying)
        return group.take(staying, axis=1)

    def _begin_sessions(self, listeners: Listeners, group: Matrix) -> None:
        """Let those whose session is over come back, or leave for good."""
        random = _random(group)
        rows, before, last = group[LISTENER], group[STATE], group[AT].copy()
        gap = listeners.beta[rows].astype(np.float64)
        group[AT] = self._rhythm.next_start(last, gap, random)
        gone = self._machine.is_churned[before]
        if self._leaving:
            gone = gone | (last >= listeners.leaves_at[rows])
        group[AT, gone] = NEVER
        group[STATE] = self._machine.entered(self._machine.group_of(before), drawn(random))
        group[PREVIOUS] = NOTHING_BEFORE
        group[SESSION] += self._stride
        group[ITEM] = 0
        group[RANK] += 1
        group[SONG_END] = 0
        self._start_songs(group, self._machine.is_song[group[STATE]])

    def _start_foreseen_songs(self, group: Matrix, starts: Flags, draw: Matrix) -> None:
        song, seconds = draw[PICKED], draw[SECONDS]
        if self._world.similar is not None:
            song = self._followed(group, song, draw[SONG_BITS].view(np.uint64))
            seconds = self._busy_seconds(group, song)
        _start(group, starts, song, seconds)

    def _start_songs(self, group: Matrix, starts: Flags) -> None:
        bits = drawn(_random(group))
        song: Integers = self._world.catalog.pick(bits)
        if self._world.similar is not None:
            song = self._followed(group, song, bits)
        _start(group, starts, song, self._busy_seconds(group, song))

    def _followed(self, group: Matrix, picked: Integers, bits: Bits) -> Integers:
        """A song like the last in each one's session; where there is none, the one picked."""
        if self._world.similar is None:
            return picked
        last = np.where(group[SONG_END] > 0, group[SONG], -1)
        return self._world.similar.followed(picked, last, mixed(bits))

    def _busy_seconds(self, group: Matrix, song: Integers) -> Integers:
        """For how long each one's song keeps his player busy."""
        seconds = self._world.catalog.seconds[song]
        if self._world.player is not None:
            seconds = self._world.player.busy_seconds(group[SESSION], group[ITEM], seconds)
        return seconds


def _start(group: Matrix, starts: Flags, song: Integers, seconds: Integers) -> None:
    np.copyto(group[SONG], song, where=starts)
    np.copyto(group[SONG_END], group[AT] + seconds, where=starts)


def _random(group: Matrix) -> Bits:
    """The generators of a group; drawing from them moves those of the group."""
    states: Bits = group[RANDOM].view(np.uint64)
    return states


def _brought(listeners: Listeners, rows: Integers) -> Matrix:
    """The matrix of these listeners."""
    group = np.zeros((SONG_END + 1, len(rows)), dtype=np.int64)
    group[LISTENER] = rows
    for row, name in enumerate(WALKED, start=1):
        if name:
            own = getattr(listeners, name)[rows]
            group[row] = own.view(np.int64) if row == RANDOM else own
    return group


def _take_back(listeners: Listeners, group: Matrix) -> None:
    """Note in the listeners' own arrays how far they have come."""
    rows = group[LISTENER]
    for row, name in enumerate(WALKED, start=1):
        if name:
            getattr(listeners, name)[rows] = _random(group) if row == RANDOM else group[row]


def _those_before(end: int, group: Matrix, listeners: Listeners) -> Matrix:
    """Those whose next request is before `end`; the others are done."""
    later = group[AT] >= end
    _take_back(listeners, group[:, later])
    return group[:, ~later]


def _in_order(steps: list[Matrix], listeners: int) -> Requests:
    """All steps' requests by time, then listener, then rank."""
    if not steps:
        return NO_REQUESTS
    # A row each, so that putting them in order moves each in one go.
    joined = np.concatenate([step.T for step in steps])
    listener, rank = joined[:, LISTENER], joined[:, RANK]
    counts = np.bincount(listener, minlength=listeners)
    place = (np.cumsum(counts) - counts)[listener] + rank
    row_at = np.empty(len(place), dtype=np.int64)
    row_at[place] = np.arange(len(place))
    key = joined[:, AT] - joined[:, AT].min()
    key <<= 32
    key |= place
    key.sort()
    key &= 0xFFFF_FFFF
    ordered = joined.take(row_at[key], axis=0)
    return Requests(*(ordered[:, column] for column in KEPT))
