"""The songs: a built-in catalogue, or any CSV with artist, title and duration."""

import csv
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from contracts.logs import log
from contracts.store import disk_error
from eventsim.alias import AliasTables
from eventsim.invented import artists_and_genres, durations, popularity, titles, years
from eventsim.randomness import Bits

BUILT_IN_SONGS = 10_000
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
    genre: str = ""
    year: int = 0
    """0 where it is not known."""


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
    columns = zip(
        artists_and_genres(BUILT_IN_SONGS),
        titles(BUILT_IN_SONGS),
        durations(BUILT_IN_SONGS).tolist(),
        popularity(BUILT_IN_SONGS, zipf_exponent).tolist(),
        years(BUILT_IN_SONGS),
        strict=True,
    )
    return Catalog(
        [
            Song(f"MF{number:06d}", artist, title, duration, plays, genre, year)
            for number, ((artist, genre), title, duration, plays, year) in enumerate(columns, 1)
        ]
    )


def write_songs(songs: list[Song], path: Path) -> None:
    """Write songs as a CSV that `read_catalog` reads.

    Raises:
        UnavailableError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([each.name for each in fields(Song)])
            writer.writerows(astuple(song) for song in songs)
    except OSError as error:
        raise disk_error(error, path) from error


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
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} row {_row_not_in_utf8(path)}: not in UTF-8; save the file in that encoding"
        ) from error
    except csv.Error as error:
        raise ConfigurationError(f"{path} is no CSV file: {error}") from error
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
    row_of: dict[str, int] = {}
    for row, values in enumerate(rows, start=2):
        read = {wanted: (values.get(name) or "").strip() for wanted, name in column.items()}
        empty = next((wanted for wanted in ("artist", "title") if not read[wanted]), None)
        if empty:
            yield f"{path} row {row}, column {column[empty]}: empty"
            continue
        song = _song(read, column, f"{path} row {row}", row - 1)
        if row_of.setdefault(song.song_id, row) != row:
            raise ConfigurationError(
                f"{path} row {row}, column {column['song_id']}: {song.song_id!r} is the song of "
                f"row {row_of[song.song_id]} already"
            )
        yield song


def _song(read: dict[str, str], column: dict[str, str], where: str, number: int) -> Song:
    return Song(
        song_id=read["song_id"] or f"S{number:07d}",
        artist=read["artist"],
        title=read["title"],
        duration=_number(
            read["duration"], 1e-9, LONGEST_SECONDS, f"{where}, column {column['duration']}"
        ),
        plays=_number(
            read["plays"] if column["plays"] else "1", 0, MOST_PLAYS,
            f"{where}, column {column['plays']}",
        ),
    )  # fmt: skip


def _row_not_in_utf8(path: Path) -> int:
    """The first line that is not in UTF-8."""
    data = path.read_bytes()
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1
    return 1


def _number(text: str, least: float, most: float, where: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not least <= number <= most:
        above = "above 0" if least else "from 0"
        raise ConfigurationError(f"{where}: {text!r} is no number {above} to {most:,.0f}")
    return number
