"""What listeners do with the player: all of a song's actions, decided when it starts.

A song is played to its end (`stop`) or left early (`skip`); on the way it may be paused and
resumed, and added to a playlist. The plan is a function of the session and the request that
started the song, so that nothing needs to be remembered between the two.
"""

from dataclasses import dataclass

import numpy as np

from eventsim.config import Player
from eventsim.machine import Flags
from eventsim.randomness import STEP, Integers, drawn, exponentials, generators, mixed, units

ACTIONS = ("play", "pause", "resume", "add_to_playlist", "stop", "skip")
PLAY, PAUSE, RESUME, ADD, STOP, SKIP = range(6)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with each song; seconds are whole."""

    heard: Integers
    """Seconds of the song that are played."""
    skipped: Flags
    paused: Flags
    pause_at: Integers
    """Seconds into the song."""
    pause: Integers
    """Length of the pause, seconds; 0 where there is none."""
    added: Flags
    add_at: Integers
    """Seconds into the song."""


@dataclass(frozen=True, slots=True)
class Actions:
    """Player actions, a row each; `listen` is the row of the song they belong to."""

    listen: Integers
    at: Integers
    kind: Integers
    position: Integers


class PlayerModel:
    """The plans that listeners make."""

    def __init__(self, player: Player, seed: int) -> None:
        """Take the probabilities from the configuration."""
        self._player = player
        self._root = generators(seed, "player", np.zeros(1, dtype=np.int64))

    def plan(self, session: Integers, item: Integers, seconds: Integers) -> Plan:
        """The plan for songs of `seconds`, started by these requests of these sessions."""
        states = mixed(self._root + session.astype(np.uint64) * STEP) ^ item.astype(np.uint64)
        choice = [units(drawn(states)) for _ in range(3)]
        skipped = (choice[0] < self._player.skip) & (seconds > 1)
        most = np.minimum(seconds, self._player.skipped_within_seconds)
        within = units(drawn(states))
        heard = np.where(skipped, np.ceil(within * (most - 1)), seconds).astype(np.int64)
        paused = (choice[1] < self._player.pause) & (heard > 1)
        length = 1 + exponentials(drawn(states)) * self._player.pause_seconds
        return Plan(
            heard=heard,
            skipped=skipped,
            paused=paused,
            pause_at=np.ceil(units(drawn(states)) * (heard - 1)).astype(np.int64),
            pause=np.where(paused, length, 0).astype(np.int64),
            added=choice[2] < self._player.add_to_playlist,
            add_at=np.floor(units(drawn(states)) * heard).astype(np.int64),
        )

    def busy_seconds(self, session: Integers, item: Integers, seconds: Integers) -> Integers:
        """How long the player is busy with each song, pauses included."""
        plan = self.plan(session, item, seconds)
        return plan.heard + plan.pause

    def actions(
        self, at: Integers, session: Integers, item: Integers, seconds: Integers
    ) -> Actions:
        """All actions for songs that start at `at`; a song's are in the order of `ACTIONS`."""
        plan = self.plan(session, item, seconds)
        rows = np.arange(len(at))
        # Whoever adds at the very second of the pause does so before it.
        add_time = at + plan.add_at + np.where(plan.add_at > plan.pause_at, plan.pause, 0)
        end = at + plan.heard + plan.pause
        ending = np.where(plan.skipped, SKIP, STOP)
        parts: list[tuple[Integers, Integers, Integers | int, Integers]] = [
            (rows, at, PLAY, np.zeros_like(at)),
            (rows[plan.paused], at + plan.pause_at, PAUSE, plan.pause_at),
            (rows[plan.paused], at + plan.pause_at + plan.pause, RESUME, plan.pause_at),
            (rows[plan.added], add_time, ADD, plan.add_at),
            (rows, end, ending, plan.heard),
        ]
        return Actions(
            listen=np.concatenate([rows for rows, *_ in parts]),
            at=np.concatenate([time[rows] for rows, time, *_ in parts]),
            kind=np.concatenate(
                [np.broadcast_to(kind, len(at))[rows] for rows, _, kind, _ in parts]
            ),
            position=np.concatenate([position[rows] for rows, *_, position in parts]),
        )
