"""The words and numbers that the built-in songs are made of.

Shaped like the Million Song Dataset's 10,000-song subset: songs an artist, lengths, years (most
unknown), and on top a popularity curve and genres, which that one has not.
"""

import csv
import itertools
from collections.abc import Iterator
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from eventsim.randomness import Bits, drawn, exponentials, generators, normals, units

SEED = 1924
MOST_BY_AN_ARTIST = 13
UNKNOWN_YEARS = 0.53
"""Share of the songs whose year is not known, 0."""
FIRST_YEAR, LAST_YEAR, MEAN_AGE = 1926, 2010, 14
GENRES = {
    "Rock": 22, "Pop": 16, "Electronic": 11, "Hip-Hop": 11, "Indie": 8, "Jazz": 5, "R&B": 5,
    "Country": 5, "Metal": 4, "Folk": 4, "Latin": 3, "Classical": 2, "Blues": 2, "Reggae": 2,
}  # fmt: skip
"""How many of a hundred artists play each."""


def words() -> dict[str, list[str]]:
    """The word lists by kind."""
    with files("eventsim").joinpath("data/words.csv").open(encoding="utf-8") as file:
        return {row["kind"]: row["words"].split() for row in csv.DictReader(file)}


def _random(purpose: str, count: int) -> Bits:
    return drawn(generators(SEED, purpose, np.arange(count)))


def _chosen(purpose: str, items: list[str], count: int) -> list[str]:
    return [items[int(unit * len(items))] for unit in units(_random(purpose, count))]


def titles(count: int) -> list[str]:
    """Titles in five forms; with each artist's own songs all different."""
    lists = words()
    nouns = _chosen("noun", lists["noun"], count)
    others = _chosen("other noun", lists["noun"], count)
    adjectives = _chosen("adjective", lists["adjective"], count)
    verbs = _chosen("verb", lists["verb"], count)
    endings = _chosen("ending", lists["ending"], count)
    forms = (units(_random("form", count)) * 5).astype(int)
    found = []
    for form, noun, other, adjective, verb, ending in zip(
        forms, nouns, others, adjectives, verbs, endings, strict=True
    ):
        shapes = (
            f"{adjective} {noun}",
            f"{noun} in the {other}",
            f"{verb} the {noun}",
            f"{verb} {ending}",
            f"{adjective} {noun} {ending}",
        )
        found.append(shapes[form])
    return found


def artists_and_genres(count: int) -> Iterator[tuple[str, str]]:
    """The artist of each song and what he plays; artists come in turn, with all their songs.

    How many songs one has is geometric, mean 2.6, at most 13.
    """
    return itertools.islice(_artists_in_turn(count), count)


def _artists_in_turn(most: int) -> Iterator[tuple[str, str]]:
    lists = words()
    sizes = np.log(units(_random("songs per artist", most))) / np.log(1 - 0.39)
    share = np.cumsum(list(GENRES.values())) / sum(GENRES.values())
    genres = np.searchsorted(share, units(_random("genre", most)), side="right")
    names = list(GENRES)
    for number, (size, genre) in enumerate(zip(sizes, genres.tolist(), strict=True)):
        songs = min(MOST_BY_AN_ARTIST, 1 + int(size))
        yield from [(_artist(lists, number), names[genre])] * songs


def _artist(lists: dict[str, list[str]], number: int) -> str:
    """Artist number n: each adjective meets each noun once, so that no two are alike."""
    adjectives, nouns = lists["adjective"], lists["noun"]
    noun = nouns[(number * 37) % len(nouns)]
    adjective = adjectives[(number + number // len(nouns)) % len(adjectives)]
    shapes = (
        f"The {adjective} {noun}s",
        f"{adjective} {noun}",
        f"{noun} & the {adjective}s",
        f"DJ {adjective} {noun}",
    )
    return shapes[number % 4]


def durations(count: int) -> npt.NDArray[np.float64]:
    """Log-normal lengths around 223 s, as those of real songs."""
    normal = normals(_random("duration", count), _random("duration again", count))
    return np.clip(np.round(223 * np.exp(0.42 * normal), 5), 20, 3600)


def popularity(count: int, exponent: float) -> npt.NDArray[np.float64]:
    """Weights by rank, ranks shuffled over the songs."""
    rank = np.argsort(np.argsort(_random("popularity", count)))
    return 1 / (rank + 1.0) ** exponent


def years(count: int) -> list[int]:
    """When each song came out: few are old; 0 where it is not known."""
    age = (exponentials(_random("age", count)) * MEAN_AGE).astype(np.int64)
    year = np.maximum(LAST_YEAR - age, FIRST_YEAR)
    unknown = units(_random("year unknown", count)) < UNKNOWN_YEARS
    found: list[int] = np.where(unknown, 0, year).tolist()
    return found
