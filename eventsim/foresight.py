"""The draws of the steps to come, made many steps at once.

What a listener draws in a step depends on his generator alone, not on where he stands; so a small
group's next draws are made together, which takes as many numpy calls as those of one step.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eventsim.randomness import STEP, Bits, Integers, mixed, quick_exponentials
from eventsim.world import World

Matrix = npt.NDArray[np.int64]

CELL, REST, WAIT, SONG, SECONDS, SONG_BITS = range(6)
"""Rows of what is foreseen of a step: what draws the next state (`AliasTables.cells`), the seconds
until then, and if it is a song, which, for how long, and what drew it."""
MOST_STEPS = 16
MOST_DRAWS = 8192
"""Listeners times steps that are foreseen at once: few enough for the processor's cache."""
DRAWS_A_STEP = 2
"""The first for state and wait, the second for the song."""


@dataclass(slots=True)
class Foreseen:
    """The draws of some steps, for a group of which some may leave meanwhile."""

    table: npt.NDArray[np.int64]
    """Steps by rows (see above) by listeners of the group as it was at first."""
    step: int = 0
    columns: npt.NDArray[np.intp] | None = None
    """Those of the group that are still there; None while all are."""

    @property
    def is_over(self) -> bool:
        """Whether no step is left."""
        return self.step == len(self.table)

    def next_step(self) -> Matrix:
        """The draws of the next step, a column for each who is still there."""
        draws: Matrix = self.table[self.step]
        self.step += 1
        return draws if self.columns is None else draws.take(self.columns, axis=1)

    def keep(self, columns: npt.NDArray[np.intp]) -> None:
        """Forget all but these columns of those who were there."""
        self.columns = columns if self.columns is None else self.columns[columns]


def foreseen(
    world: World,
    random: Bits,
    alpha: npt.NDArray[np.float32],
    session: Integers,
    item: Integers,
) -> Foreseen:
    """The next steps' draws of a group.

    Args:
        world: What they live in.
        random: Their generators, which stay where they are.
        alpha: Their mean waits, seconds.
        session: Their sessions.
        item: The requests in these sessions that they are at.
    """
    steps = min(max(MOST_DRAWS // len(random), 1), MOST_STEPS)
    moves = STEP * np.arange(1, DRAWS_A_STEP * steps + 1, dtype=np.uint64)
    bits = mixed(random + moves[:, np.newaxis])
    table = np.empty((steps, SONG_BITS + 1, len(random)), dtype=np.int64)
    table[:, CELL], table[:, REST] = world.machine.cells(bits[0::DRAWS_A_STEP])
    table[:, WAIT] = alpha * quick_exponentials(bits[0::DRAWS_A_STEP])
    table[:, SONG_BITS] = bits[1::DRAWS_A_STEP].view(np.int64)
    song = table[:, SONG] = world.catalog.pick(bits[1::DRAWS_A_STEP])
    seconds = world.catalog.seconds[song]
    if world.player is not None:
        items = item + np.arange(1, steps + 1)[:, np.newaxis]
        seconds = world.player.busy_seconds(session, items, seconds)
    table[:, SECONDS] = seconds
    return Foreseen(table)
