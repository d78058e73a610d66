"""Similar songs: the next song of a session is a neighbour of the last one."""

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from eventsim.alias import AliasTables
from eventsim.catalog import Song
from eventsim.randomness import Bits, Integers

COLUMNS = ("song_id", "similar_song_id")


class SimilarSongs:
    """For each song the ones that may follow it, by their plays."""

    def __init__(self, songs: list[Song], neighbours: dict[int, list[int]]) -> None:
        """Prepare the draws; songs and neighbours by number."""
        self.neighbours = neighbours
        self._table = np.full(len(songs), -1)
        rows: list[npt.NDArray[np.float64]] = []
        columns: list[Integers] = []
        most = max(map(len, neighbours.values()))
        for number, others in neighbours.items():
            weights = np.array([songs[other].plays for other in others])
            if weights.sum() > 0:
                self._table[number] = len(rows)
                padding = most - len(others)
                rows.append(np.pad(weights, (0, padding)))
                columns.append(np.pad(np.array(others), (0, padding)))
        self._draw, self._columns = AliasTables(rows), np.array(columns, dtype=np.int32)

    def followed(
        self, picked: npt.NDArray[np.int32], last: Integers, bits: Bits
    ) -> npt.NDArray[np.int32]:
        """A neighbour of each `last` song, or where it is -1 or has none, what was picked."""
        table = np.where(last >= 0, self._table[last], -1)
        known = np.flatnonzero(table >= 0)
        songs = picked.copy()
        songs[known] = self._columns[table[known], self._draw.draw(bits[known], table[known])]
        return songs


def read_similar(path: Path, songs: list[Song]) -> SimilarSongs:
    """The neighbours in a CSV with `song_id` and `similar_song_id`, a pair a row.

    Raises:
        ConfigurationError: The file is missing or wrong; the message names row and column.
    """
    number = {song.song_id: index for index, song in enumerate(songs)}
    neighbours: defaultdict[int, list[int]] = defaultdict(list)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            for column in COLUMNS:
                if column not in (rows.fieldnames or ()):
                    raise ConfigurationError(f"{path} row 1: no column {column}")
            for row, pair in enumerate(rows, start=2):
                for column in COLUMNS:
                    if pair[column] not in number:
                        raise ConfigurationError(
                            f"{path} row {row}, column {column}: no song {pair[column]!r}"
                        )
                neighbours[number[pair[COLUMNS[0]]]].append(number[pair[COLUMNS[1]]])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"cannot read the similar songs {path}: {error}") from error
    if not any(songs[other].plays for others in neighbours.values() for other in others):
        raise ConfigurationError(f"{path} has no pair of songs that are played")
    return SimilarSongs(songs, neighbours)
