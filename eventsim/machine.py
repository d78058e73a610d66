"""The page-state machine: which request follows which, as tables that draw many rows at once."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from eventsim.alias import AliasTables
from eventsim.config import Config, State
from eventsim.randomness import Bits, Integers

Flags = npt.NDArray[np.bool_]
SONG_PAGE = "NextSong"
LOGIN_PAGE = "Login"
CHANGE_PAGES = ("Submit Upgrade", "Submit Downgrade")
TOLERANCE = 1e-9


class Machine:
    """The states of a configuration by number, and the draws between them."""

    def __init__(self, config: Config) -> None:
        """Number the states and prepare the draws.

        Raises:
            ConfigurationError: States or probabilities are wrong; the message names the state.
        """
        self.churned = config.churned_state or "Cancelled"
        self.states = _all_states(config)
        _check(config, self.states, self.churned)
        self.number = {state: index for index, state in enumerate(self.states)}
        self.end = len(self.states)
        """What `after` draws when the session ends: no state's number."""
        self._transitions = AliasTables(self._weights_after(config))
        self._groups, self._entries = self._entry_tables(config)
        shown = {each.auth for each in config.show_user_details if each.show}
        self.is_song = self._flags(state.page == SONG_PAGE for state in self.states)
        self.is_login = self._flags(state.page == LOGIN_PAGE for state in self.states)
        self.is_change = self._flags(state.page in CHANGE_PAGES for state in self.states)
        self.is_redirect = self._flags(300 <= state.status < 399 for state in self.states)
        self.is_logged_in = self._flags(state.auth == "Logged In" for state in self.states)
        self.is_shown = self._flags(state.auth in shown for state in self.states)
        self.is_churned = self._flags(state.auth == self.churned for state in self.states)

    def cells(self, bits: Bits) -> tuple[Integers, Integers]:
        """What bits draw the next state by, whatever state comes before it; for `after`."""
        return self._transitions.cells(bits)

    def after(self, state: Integers, cell: Integers, rest: Integers) -> Integers:
        """The next state of each row, or `end`."""
        return self._transitions.chosen(cell, rest, state)

    def entered(self, group: Integers, bits: Bits) -> Integers:
        """The state that each row's new session begins in, for the group of its listener."""
        return self._entries.draw(bits, group)

    def group_of(self, state: Integers) -> Integers:
        """The group (auth and level) that listeners in these states begin sessions in."""
        return self._groups_by_state[state]

    def group(self, auth: str, level: str) -> int:
        """The group of this auth and level.

        Raises:
            ConfigurationError: No session can begin so.
        """
        if (auth, level) not in self._groups:
            raise ConfigurationError(f"new-session has no entry for {auth}, {level}")
        return self._groups[auth, level]

    def _flags(self, values: Iterable[bool]) -> Flags:
        """Of each state; False at `end`, which is also where no state (-1) leads."""
        return np.array([*values, False], dtype=bool)

    def _weights_after(self, config: Config) -> list[npt.NDArray[np.float64]]:
        weights = np.zeros((self.end, self.end + 1))
        for each in config.transitions:
            weights[self.number[each.source], self.number[each.dest]] += each.p
        weights[:, self.end] = np.maximum(0, 1 - weights.sum(axis=1))
        return list(weights)

    def _entry_tables(self, config: Config) -> tuple[dict[tuple[str, str], int], AliasTables]:
        groups: dict[tuple[str, str], int] = {}
        for entry in config.new_session:
            groups.setdefault((entry.auth, entry.level), len(groups))
        weights = np.zeros((len(groups), self.end))
        for entry in config.new_session:
            weights[groups[entry.auth, entry.level], self.number[entry.state]] += entry.weight
        self._groups_by_state = np.array(
            [groups.get((state.auth, state.level), 0) for state in (*self.states, self.states[0])]
        )
        return groups, AliasTables(list(weights))


def _all_states(config: Config) -> list[State]:
    states = [entry.state for entry in config.new_session]
    for each in config.transitions:
        states += [each.source, each.dest]
    return list(dict.fromkeys(states))


def _check(config: Config, states: list[State], churned: str) -> None:
    """Refuse what would make the walk stick, vanish or contradict itself."""
    _check_probabilities(config)
    if config.churned_state and all(state.auth != churned for state in _reached(config)):
        raise ConfigurationError(f"churned-state: no session can reach the auth {churned!r}")
    known = {each.source.page for each in config.transitions}
    known |= {entry.page for entry in config.new_session}
    _check_newcomers(config)
    for each in config.transitions:
        if each.dest.page not in known and each.dest.auth != churned:
            raise ConfigurationError(
                f"transitions: from {each.source} to the unknown page {each.dest.page!r}"
            )
    entered = {(entry.auth, entry.level) for entry in config.new_session if entry.weight > 0}
    for state in states:
        if state.auth != churned and (state.auth, state.level) not in entered:
            raise ConfigurationError(
                f"new-session: no entry with a weight for {state.auth}, {state.level}, "
                f"in which {state} can leave a listener"
            )


def _check_newcomers(config: Config) -> None:
    auth, level = config.new_user_auth, config.new_user_level
    entered = {(entry.auth, entry.level) for entry in config.new_session if entry.weight > 0}
    if config.growth_rate and (auth, level) not in entered:
        raise ConfigurationError(
            f"new-user-auth, new-user-level: new-session has no entry for {auth}, {level}"
        )


def _reached(config: Config) -> set[State]:
    """The states that a listener can ever be in."""
    after: dict[State, list[State]] = {}
    for each in config.transitions:
        if each.p > 0:
            after.setdefault(each.source, []).append(each.dest)
    open_states = [entry.state for entry in config.new_session if entry.weight > 0]
    reached = set(open_states)
    while open_states:
        found = [state for state in after.get(open_states.pop(), ()) if state not in reached]
        reached.update(found)
        open_states += found
    return reached


def _check_probabilities(config: Config) -> None:
    totals: dict[State, float] = {}
    for each in config.transitions:
        if not 0 <= each.p <= 1:
            raise ConfigurationError(f"transitions: p from {each.source} to {each.dest}: {each.p}")
        totals[each.source] = totals.get(each.source, 0) + each.p
    for state, total in totals.items():
        if total > 1 + TOLERANCE:
            raise ConfigurationError(f"transitions: p from {state} sum to {total:g}, more than 1")
    if any(entry.weight < 0 for entry in config.new_session) or not config.new_session:
        raise ConfigurationError("new-session: needs entries, with weights of 0 or more")
