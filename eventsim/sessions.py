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
import numpy.typing as npt

from eventsim.listeners import NEVER, NOTHING_BEFORE, Listeners
from eventsim.randomness import Bits, Integers, drawn, mixed, quick_exponentials
from eventsim.world import World

Matrix = npt.NDArray[np.int64]

WALKED = (
    "at", "state", "previous", "session", "item", "song", "song_end", "random",
)  # fmt: skip
"""What the walk changes of a listener: rows of the matrix, after the listener's own."""
LISTENER, AT, STATE, PREVIOUS, SESSION, ITEM, SONG, SONG_END, RANDOM, RANK = range(10)
"""Rows of the matrix; RANK counts a listener's requests in this walk."""
WRITTEN_DOWN = (LISTENER, AT, STATE, PREVIOUS, SESSION, ITEM, SONG, RANK)
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
        self._leaving = world.config.attrition_rate > 0
        self._machine = world.machine
        self._rhythm = world.rhythm
        self._catalog = world.catalog
        self._player = world.player
        self._similar = world.similar
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
            resting: list[Matrix] = []
            step = 0
            while group.size or resting:
                if group.size:
                    yield group[WRITTEN_DOWN, :]
                    group = self._step(listeners, group, end, resting)
                step += 1
                if resting and (step % STEPS_AT_REST == 0 or not group.size):
                    returning = np.concatenate(resting, axis=1)
                    resting.clear()
                    self._begin_sessions(listeners, returning)
                    returning = _those_before(end, returning, listeners)
                    group = np.concatenate([group, returning], axis=1)

    def _step(self, listeners: Listeners, group: Matrix, end: int, resting: list[Matrix]) -> Matrix:
        """Draw everybody's next request; gives those who walk on."""
        machine = self._machine
        bits = drawn(_random(group))
        before, at = group[STATE], group[AT]
        state = machine.after(before, bits)
        waits = (listeners.alpha[group[LISTENER]] * quick_exponentials(bits)).astype(np.int64)
        waits[machine.is_redirect[state]] = 1
        starts = machine.is_song[state]
        over = state == machine.end
        if over.any():
            resting.append(group[:, over])
        group[AT] = np.where(starts & (at < group[SONG_END]), group[SONG_END], at + waits)
        group[PREVIOUS] = before
        group[STATE] = state
        group[ITEM] += 1
        group[RANK] += 1
        self._start_songs(group, starts)
        gone = group[AT] >= end
        gone &= ~over
        if gone.any():
            _take_back(listeners, group[:, gone])
        gone |= over
        return group[:, ~gone] if gone.any() else group

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

    def _start_songs(self, group: Matrix, starts: npt.NDArray[np.bool_]) -> None:
        bits = drawn(_random(group))
        song = self._catalog.pick(bits)
        if self._similar is not None:
            last = np.where(group[SONG_END] > 0, group[SONG], -1)
            song = self._similar.followed(song, last, mixed(bits))
        seconds = self._catalog.seconds[song]
        if self._player is not None:
            seconds = self._player.busy_seconds(group[SESSION], group[ITEM], seconds)
        np.copyto(group[SONG], song, where=starts)
        np.copyto(group[SONG_END], group[AT] + seconds, where=starts)


def _random(group: Matrix) -> Bits:
    """The generators of a group; drawing from them moves those of the group."""
    states: Bits = group[RANDOM].view(np.uint64)
    return states


def _brought(listeners: Listeners, rows: Integers) -> Matrix:
    """The matrix of these listeners."""
    group = np.zeros((RANK + 1, len(rows)), dtype=np.int64)
    group[LISTENER] = rows
    for row, name in enumerate(WALKED, start=1):
        own = getattr(listeners, name)[rows]
        group[row] = own.view(np.int64) if row == RANDOM else own
    return group


def _take_back(listeners: Listeners, group: Matrix) -> None:
    """Note in the listeners' own arrays how far they have come."""
    for row, name in enumerate(WALKED, start=1):
        getattr(listeners, name)[group[LISTENER]] = _random(group) if row == RANDOM else group[row]


def _those_before(end: int, group: Matrix, listeners: Listeners) -> Matrix:
    """Those whose next request is before `end`; the others are done."""
    later = group[AT] >= end
    _take_back(listeners, group[:, later])
    return group[:, ~later]


def _in_order(steps: list[Matrix], listeners: int) -> Requests:
    """All steps' requests by time, then listener, then rank."""
    if not steps:
        return NO_REQUESTS
    joined = np.concatenate(steps, axis=1)
    listener, rank = joined[0], joined[-1]
    counts = np.bincount(listener, minlength=listeners)
    place = (np.cumsum(counts) - counts)[listener] + rank
    column_at = np.empty(len(place), dtype=np.int64)
    column_at[place] = np.arange(len(place))
    key = joined[1] - joined[1].min()
    key <<= 32
    key |= place
    key.sort()
    order = column_at[key & 0xFFFF_FFFF]
    return Requests(*(row[order] for row in joined[:-1]))
