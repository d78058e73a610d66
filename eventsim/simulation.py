"""A simulation from its first second on: stretches of time, with all that happened in each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from eventsim.config import Config
from eventsim.listeners import YEAR, Arrivals, Listeners
from eventsim.randomness import Integers, drawn, exponentials, generators
from eventsim.sessions import Requests, Walk
from eventsim.world import World

FORESEEN_SECONDS = 90 * 86_400
"""How far ahead newcomers are made: many at once, as each time all texts are put together anew."""
OPEN_END_YEARS = 5
"""For how long at least a simulation has room for new listeners, whatever its end."""


@dataclass(frozen=True, slots=True)
class PlayerActions:
    """Player actions, a row each, in order of time; see `player.Actions` for the last two."""

    listener: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    session: npt.NDArray[np.int64]
    item: npt.NDArray[np.int64]
    song: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    position: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at)

    def taken(self, rows: Integers | slice) -> "PlayerActions":
        """Some of the rows."""
        return PlayerActions(
            *(getattr(self, name)[rows] for name in PlayerActions.__dataclass_fields__)
        )

    def and_then(self, others: "PlayerActions") -> "PlayerActions":
        """These rows and the others."""
        return PlayerActions(
            *(np.concatenate([getattr(self, name), getattr(others, name)])
              for name in PlayerActions.__dataclass_fields__)
        )  # fmt: skip


NO_ACTIONS = PlayerActions(*(np.zeros(0, dtype=np.int64) for _ in range(7)))


class Walker(Protocol):
    """Who lets listeners act: a `Walk` here, or one in another process."""

    def welcome(self, listeners: Listeners) -> None:
        """See `Walk`."""

    def skip_to(self, listeners: Listeners, start: int) -> None:
        """See `Walk`."""

    def until(self, listeners: Listeners, end: int) -> Requests:
        """See `Walk`."""


Via = Callable[[Walker], Walker]
"""Makes of the simulation's own walk the one to take."""


class Simulation:
    """Listeners and their world; `advance` makes time pass."""

    def __init__(self, world: World, start: int, end: int | None, users: int) -> None:
        """Bring `users` listeners to `start`; times are epoch seconds.

        Raises:
            ConfigurationError: The configuration contradicts itself.
        """
        self.world = world
        self.now, self._end = start, end
        self.stride = most = _room(users, world.config.growth_rate, start, end)
        """How far the numbers of a listener's sessions are apart."""
        self._arrivals = Arrivals(world)
        self._walk: Walker = Walk(world, session_stride=most)
        self.growth = Growth(world.config, users, start, most)
        self.listeners: Listeners = self._arrivals.founders(users, start)
        self._walk.welcome(self.listeners)
        self._walk.skip_to(self.listeners, start)
        self._welcome_those_before(start + 1)
        self.tells_actions = world.player is not None
        """Whether player actions are wanted."""
        self.pending = NO_ACTIONS
        """Player actions that are still to come, of songs that have begun."""

    def go_on(self, via: Via) -> None:
        """Let the listeners act `via` some other walk from now on."""
        self._walk = via(self._walk)

    def advance(self, until: int) -> tuple[Requests, PlayerActions]:
        """All that happens from now to `until` (epoch seconds, exclusive)."""
        self._welcome_those_before(until)
        requests = self._walk.until(self.listeners, until)
        actions = self._actions(requests, until) if self.tells_actions else NO_ACTIONS
        self.now = until
        return requests, actions

    def _welcome_those_before(self, until: int) -> None:
        """Let the newcomers in, and with them those of the time behind `until`."""
        if self.growth.next_at >= until:
            return
        foreseen = until + FORESEEN_SECONDS
        born_at = self.growth.until(foreseen if self._end is None else min(foreseen, self._end))
        if len(born_at):
            newcomers = self._arrivals.newcomers(len(self.listeners), born_at)
            self._walk.welcome(newcomers)
            self.listeners.extend(newcomers)

    def _actions(self, requests: Requests, until: int) -> PlayerActions:
        """Player actions before `until`, of these songs and of earlier ones that still ran."""
        machine = self.world.machine
        heard = machine.is_song[requests.state] & machine.is_shown[requests.state]
        actions = self.pending.and_then(self._planned(requests.taken(np.flatnonzero(heard))))
        happened = actions.at < until
        self.pending = actions.taken(np.flatnonzero(~happened))
        actions = actions.taken(np.flatnonzero(happened))
        return actions.taken(np.argsort(_order_of(actions, self.now)))

    def _planned(self, starts: Requests) -> PlayerActions:
        player = self.world.player
        if player is None:
            return NO_ACTIONS
        seconds = self.world.catalog.seconds[starts.song]
        planned = player.actions(starts.at, starts.session, starts.item, seconds)
        row = planned.listen
        return PlayerActions(
            listener=starts.listener[row],
            at=planned.at,
            session=starts.session[row],
            item=starts.item[row],
            song=starts.song[row].astype(np.int64),
            kind=planned.kind,
            position=planned.position,
        )


class Growth:
    """When new listeners come: ever more often, as there are ever more."""

    def __init__(self, config: Config, users: int, start: int, most: int) -> None:
        """Begin with `users` at `start` (epoch seconds); there are never more than `most`."""
        self._rate = config.growth_rate
        self._seed = config.seed
        self.count = users
        self._most = most
        self.next_at = float(start)
        if self._rate and users:
            self.next_at += self._gap()

    def until(self, end: int) -> Integers:
        """Arrivals before `end`, epoch seconds, that were not told of before."""
        arrivals = []
        while self._rate and self.next_at < end and 0 < self.count < self._most:
            arrivals.append(int(self.next_at))
            self.count += 1
            self.next_at += self._gap()
        return np.array(arrivals, dtype=np.int64)

    def _gap(self) -> float:
        draw = drawn(generators(self._seed, "arrival", np.array([self.count])))
        return float(exponentials(draw)[0]) * YEAR / (self.count * self._rate)


def _order_of(actions: PlayerActions, start: int) -> Integers:
    """A number by which actions stand by time; ties by listener, request and kind.

    Kinds are numbered so that those of one song that share a second stand as they happened.
    """
    within = (actions.at - start) << 42
    return within | actions.listener << 15 | (actions.item & 0xFFF) << 3 | actions.kind


def _room(users: int, growth_rate: float, start: int, end: int | None) -> int:
    """How many listeners there can ever be: a power of ten, as it separates session numbers."""
    years = max(OPEN_END_YEARS, ((end or start) - start) / YEAR)
    try:
        expected = (users + 100) * (1 + growth_rate) ** years * 2
        return int(10 ** int(np.ceil(np.log10(expected))))
    except (OverflowError, ValueError) as error:
        raise ConfigurationError(f"growth-rate {growth_rate:g} is too high for so long") from error
