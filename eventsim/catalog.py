"""The songs: a built-in catalogue, or any CSV with artist, title and duration."""

import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from contracts.logs import log
from eventsim.alias import AliasTables
from eventsim.randomness import Bits, drawn, generators, normals, units

BUILT_IN_SONGS = 10_000
CATALOGUE_SEED = 1924
LONGEST_SECONDS = 86_400
MOST_PLAYS = 1e12
MOST_NAMELESS = 0.01
"""Share of songs without artist or title that a songs file may have; they are left out."""
COLUMNS = {
    "artist": ("artist", "artist_name"),
    "title": ("title", "song", "track_name"),
    "duration": ("duration", "duration_seconds"),
    "song_id": ("song_id", "songid", "track_id"),
    "plays": ("plays", "listen_count", "play_count"),
}
"""What a songs file's columns may be called; the last two may be left out."""
NEEDED = ("artist", "title", "duration")


@dataclass(frozen=True, slots=True)
class Song:
    """One song; `plays` is its weight when songs are drawn."""

    song_id: str
    artist: str
    title: str
    duration: float
    """Seconds."""
    plays: float = 1


class Catalog:
    """The songs by number, and the draw among them."""

    def __init__(self, songs: list[Song]) -> None:
        """Prepare the draw, by plays."""
        self.songs = songs
        self.seconds = np.array([int(song.duration) for song in songs], dtype=np.int64)
        """Whole seconds that each song plays."""
        self._table = AliasTables([np.array([song.plays for song in songs], dtype=np.float64)])

    def pick(self, bits: Bits) -> npt.NDArray[np.int32]:
        """The number of a song for each row."""
        return self._table.draw(bits)


def built_in_catalog(zipf_exponent: float) -> Catalog:
    """10,000 invented songs with unique (artist, title); popularity falls as rank^-exponent."""
    titles = _titles()
    durations = _durations(BUILT_IN_SONGS)
    artists = itertools.islice(_artist_of_each_song(), BUILT_IN_SONGS)
    popularity = _popularity(BUILT_IN_SONGS, zipf_exponent)
    return Catalog(
        [
            Song(f"MF{number:06d}", artist, title, float(duration), float(plays))
            for number, (artist, title, duration, plays) in enumerate(
                zip(artists, titles, durations, popularity, strict=True), start=1
            )
        ]
    )


def read_catalog(path: Path) -> Catalog:
    """The songs in a CSV file, for example the Million Song Dataset's `songs.csv`.

    Raises:
        ConfigurationError: The file is missing or wrong; the message names row and column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(_songs(csv.DictReader(file), path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"cannot read the songs {path}: {reason}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path} is no CSV file in UTF-8: {error}") from error
    nameless = [wrong for wrong in rows if isinstance(wrong, str)]
    songs = [song for song in rows if isinstance(song, Song)]
    if len(nameless) > MOST_NAMELESS * len(rows):
        raise ConfigurationError(nameless[0])
    if not any(song.plays for song in songs):
        raise ConfigurationError(f"{path} has no songs, or none that is played")
    if nameless:
        log.warning("songs_left_out", file=path.name, songs=len(nameless), first=nameless[0])
    return Catalog(songs)


def _songs(rows: csv.DictReader, path: Path) -> Iterator[Song | str]:
    """The songs; for one without artist or title, what is wrong with it."""
    header = {name.strip().lower(): name for name in rows.fieldnames or ()}
    column = {
        wanted: next((header[name] for name in names if name in header), "")
        for wanted, names in COLUMNS.items()
    }
    for wanted in NEEDED:
        if not column[wanted]:
            names = " or ".join(COLUMNS[wanted])
            raise ConfigurationError(f"{path} row 1: no column {wanted} ({names})")
    for number, row in enumerate(rows, start=1):
        where = f"{path} row {number + 1}"
        read = {wanted: (row.get(name) or "").strip() for wanted, name in column.items()}
        empty = next((wanted for wanted in ("artist", "title") if not read[wanted]), None)
        if empty:
            yield f"{where}, column {column[empty]}: empty"
            continue
        plays = read["plays"] if column["plays"] else "1"
        yield Song(
            read["song_id"] or f"S{number:07d}",
            read["artist"],
            read["title"],
            _number(
                read["duration"], 1e-9, LONGEST_SECONDS, f"{where}, column {column['duration']}"
            ),
            _number(plays, 0, MOST_PLAYS, f"{where}, column {column['plays']}"),
        )


def _number(text: str, least: float, most: float, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not least <= number <= most:
        above = "above 0" if least else "from 0"
        raise ConfigurationError(f"{where}: {text!r} is no number {above} to {most:,.0f}")
    return number


def words() -> dict[str, list[str]]:
    """The word lists by kind."""
    with files("eventsim").joinpath("data/words.csv").open(encoding="utf-8") as file:
        return {row["kind"]: row["words"].split() for row in csv.DictReader(file)}


def _random(purpose: str, count: int) -> Bits:
    return drawn(generators(CATALOGUE_SEED, purpose, np.arange(count)))


def _chosen(purpose: str, items: list[str], count: int) -> list[str]:
    return [items[int(unit * len(items))] for unit in units(_random(purpose, count))]


def _titles() -> list[str]:
    """Titles in five forms; with each artist's own songs all different."""
    lists = words()
    nouns = _chosen("noun", lists["noun"], BUILT_IN_SONGS)
    others = _chosen("other noun", lists["noun"], BUILT_IN_SONGS)
    adjectives = _chosen("adjective", lists["adjective"], BUILT_IN_SONGS)
    verbs = _chosen("verb", lists["verb"], BUILT_IN_SONGS)
    endings = _chosen("ending", lists["ending"], BUILT_IN_SONGS)
    forms = (units(_random("form", BUILT_IN_SONGS)) * 5).astype(int)
    titles = []
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
        titles.append(shapes[form])
    return titles


def _artist_of_each_song() -> Iterator[str]:
    """Artists in turn, each as often as he has songs: geometric, mean 2.6, at most 13."""
    lists = words()
    sizes = np.log(units(_random("songs per artist", BUILT_IN_SONGS))) / np.log(1 - 0.39)
    for number, size in enumerate(sizes):
        yield from [_artist(lists, number)] * min(13, 1 + int(size))


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


def _durations(count: int) -> npt.NDArray[np.float64]:
    """Log-normal lengths around 223 s, as those of real songs."""
    normal = normals(_random("duration", count), _random("duration again", count))
    return np.clip(np.round(223 * np.exp(0.42 * normal), 5), 20, 3600)


def _popularity(count: int, exponent: float) -> npt.NDArray[np.float64]:
    """Weights by rank, ranks shuffled over the songs."""
    rank = np.argsort(np.argsort(_random("popularity", count)))
    return 1 / (rank + 1.0) ** exponent
