"""Drawing by weight in constant time: Walker's alias tables, many of them side by side."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eventsim.randomness import HALF, LOW_HALF, Bits, Integers

Weights = npt.NDArray[np.float64]
Cells = npt.NDArray[np.int64]


class AliasTables:
    """One table a row of weights; rows draw at once, each from the table it names."""

    def __init__(self, rows: Sequence[Weights]) -> None:
        """Prepare a table for each row; all rows have the same length and a positive sum."""
        self._width, self._stride = np.uint64(len(rows[0])), np.int64(len(rows[0]))
        parts = [_cells(row) for row in rows]
        self._threshold = np.concatenate([threshold for threshold, _ in parts])
        self._choices = np.concatenate([choices for _, choices in parts])

    def draw(self, bits: Bits, table: Integers | None = None) -> npt.NDArray[np.int32]:
        """The column drawn in each row, by the upper half of its bits."""
        return self.chosen(*self.cells(bits), table)

    def cells(self, bits: Bits) -> tuple[Cells, Cells]:
        """What the upper halves of bits draw by, whatever the table; for `chosen`."""
        scaled = (bits >> HALF) * self._width
        rest = scaled & LOW_HALF
        scaled >>= HALF
        return scaled.view(np.int64), rest.view(np.int64)

    def chosen(
        self, cell: Cells, rest: Cells, table: Integers | None = None
    ) -> npt.NDArray[np.int32]:
        """The column drawn in each row, by its cell, from the table it names."""
        if table is not None:
            cell = table * self._stride + cell
        place = cell + cell
        place += rest < self._threshold[cell]
        column: npt.NDArray[np.int32] = self._choices[place]
        return column


def _cells(weights: Weights) -> tuple[Cells, npt.NDArray[np.int32]]:
    """Thresholds in 2⁻³², and for each cell its alias, then itself."""
    count = len(weights)
    scaled = weights * (count / weights.sum())
    alias = np.arange(count)
    small = [index for index in range(count) if scaled[index] < 1]
    large = [index for index in range(count) if scaled[index] >= 1]
    while small and large:
        poor, rich = small.pop(), large[-1]
        alias[poor] = rich
        scaled[rich] -= 1 - scaled[poor]
        if scaled[rich] < 1:
            small.append(large.pop())
    scaled[small + large] = 1
    threshold = np.minimum(np.rint(scaled * 2**32), 2**32).astype(np.int64)
    choices = np.stack([alias, np.arange(count)], axis=1).reshape(-1)
    return threshold, choices.astype(np.int32)
