"""The listeners: one row each in parallel arrays, from their first visit to their last."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from eventsim.people import Traits
from eventsim.randomness import Bits, Floats, Integers, drawn, exponentials, generators, normals
from eventsim.world import World

YEAR = 365 * 86_400
LONGEST_MEMBERSHIP = 5 * YEAR
NEVER = np.int64(2**62)
"""The next request of a listener who has left."""
NOTHING_BEFORE = -1
"""The previous state of a session's first request; a machine's flags have False there."""
BLOCK = 100_000
"""Listeners made at once, so that a large number needs little memory on the way."""


@dataclass(slots=True)
class Listeners:
    """What is known of each listener; all arrays have one row a listener. Times: epoch seconds."""

    number: npt.NDArray[np.int64]
    """0, 1, 2 … over all listeners of the simulation."""
    random: Bits
    at: npt.NDArray[np.int64]
    """Of the next request."""
    state: npt.NDArray[np.int32]
    previous: npt.NDArray[np.int32]
    session: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    song: npt.NDArray[np.int32]
    """The last one started, or -1."""
    song_end: npt.NDArray[np.int64]
    alpha: npt.NDArray[np.float32]
    beta: npt.NDArray[np.float32]
    leaves_at: npt.NDArray[np.int64]
    registered_at: npt.NDArray[np.int64]
    home: npt.NDArray[np.uint16]
    browser: npt.NDArray[np.uint16]
    given_name: npt.NDArray[np.uint16]
    surname: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.number)

    def extend(self, others: "Listeners") -> None:
        """Put others behind these; one array after the other, as millions take much memory."""
        for each in fields(Listeners):
            both = getattr(self, each.name), getattr(others, each.name)
            setattr(self, each.name, np.concatenate(both))

    def put(self, first: int, others: "Listeners") -> None:
        """Write others over these, from row `first` on."""
        for each in fields(Listeners):
            getattr(self, each.name)[first : first + len(others)] = getattr(others, each.name)

    def resized(self, count: int) -> "Listeners":
        """Room for this number of listeners, with arrays of the same kinds."""
        return Listeners(
            *(np.empty(count, dtype=getattr(self, each.name).dtype) for each in fields(Listeners))
        )


class Arrivals:
    """Makes listeners: those who are there at the start, and those who come later."""

    def __init__(self, world: World) -> None:
        """Take means, weights and rates from the configuration."""
        self._config = world.config
        self._machine = world.machine
        self._rhythm = world.rhythm
        self._people = world.people

    def founders(self, count: int, start: int) -> Listeners:
        """Listeners 0 … count - 1, in the middle of their lives at `start`."""
        block = self._founders(np.arange(min(BLOCK, count)), start)
        if len(block) == count:
            return block
        listeners = block.resized(count)
        for first in range(0, count, BLOCK):
            if first:
                block = self._founders(np.arange(first, min(first + BLOCK, count)), start)
            listeners.put(first, block)
        return listeners

    def newcomers(self, first: int, born_at: Integers) -> Listeners:
        """Listeners `first`, `first` + 1 …, whose first visit is their registration."""
        number = np.arange(first, first + len(born_at))
        listeners = self._made(number)
        group = self._machine.group(self._config.new_user_auth, self._config.new_user_level)
        listeners.registered_at[:] = born_at
        listeners.at[:] = born_at
        self._begin(listeners, np.full(len(number), group), born_at)
        return listeners

    def _founders(self, number: Integers, start: int) -> Listeners:
        listeners = self._made(number)
        rate = self._config.growth_rate or 1
        membership = exponentials(drawn(listeners.random)) * rate * YEAR
        listeners.registered_at[:] = start - np.minimum(membership, LONGEST_MEMBERSHIP)
        listeners.at[:] = self._first_visits(listeners, start)
        self._begin(listeners, self._first_groups(listeners.random), start)
        return listeners

    def _made(self, number: Integers) -> Listeners:
        states = generators(self._config.seed, "listener", number)
        count = len(number)
        traits: Traits = self._people.drawn(states)
        whole = [np.zeros(count, dtype=np.int64) for _ in range(6)]
        return Listeners(
            number=number,
            random=states,
            at=whole[0],
            state=np.zeros(count, dtype=np.int32),
            previous=np.full(count, NOTHING_BEFORE, dtype=np.int32),
            session=number + 1,
            item=whole[1],
            song=np.full(count, -1, dtype=np.int32),
            song_end=whole[2],
            alpha=_spread(self._config.alpha, states),
            beta=_spread(self._config.beta, states),
            leaves_at=whole[3],
            registered_at=whole[4],
            home=traits.home,
            browser=traits.browser,
            given_name=traits.given_name,
            surname=traits.surname,
        )

    def _first_visits(self, listeners: Listeners, start: int) -> Integers:
        """Session starts from two mean gaps before `start`, up to one before it or later."""
        gap = listeners.beta.astype(np.float64)
        at = start - 2 * gap.astype(np.int64)
        early = np.arange(len(at))
        while early.size:
            states = listeners.random[early]
            at[early] = self._rhythm.next_start(at[early], gap[early], states)
            listeners.random[early] = states
            early = early[start - at[early] > gap[early].astype(np.int64)]
        return at

    def _first_groups(self, states: Bits) -> Integers:
        """Auth and level of the founders, by weight."""
        levels, auths = self._config.levels, self._config.auths
        pairs = [
            (self._machine.group(auth.auth, level.level), auth.weight * level.weight)
            for auth in auths for level in levels if auth.weight * level.weight > 0
        ]  # fmt: skip
        share = np.cumsum([weight for _, weight in pairs])
        unit = drawn(states).astype(np.float64) / 2**64 * share[-1]
        chosen = np.minimum(np.searchsorted(share, unit, side="right"), len(pairs) - 1)
        groups: Integers = np.array([group for group, _ in pairs])[chosen]
        return groups

    def _begin(self, listeners: Listeners, group: Integers, born_at: Integers | int) -> None:
        """Draw each one's first state, and when he will leave for good."""
        listeners.state[:] = self._machine.entered(group, drawn(listeners.random))
        rate = self._config.attrition_rate
        stay = exponentials(drawn(listeners.random)) * YEAR
        listeners.leaves_at[:] = np.minimum(born_at + stay / rate, NEVER) if rate else NEVER


def _spread(mean: float, states: Bits) -> npt.NDArray[np.float32]:
    """Each listener's own mean: log-normal around `mean`, so that means average to it."""
    normal: Floats = normals(drawn(states), drawn(states))
    return (mean * np.exp(normal - 0.5)).astype(np.float32)
