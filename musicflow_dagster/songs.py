"""The catalogue: the songs of a CSV file, brought to the warehouse as they are."""

import csv
from pathlib import Path

import polars as pl

from contracts.errors import ConfigurationError

COLUMNS = {
    "artist": ("artist", "artist_name"),
    "title": ("title", "song", "track_name"),
    "duration_seconds": ("duration", "duration_seconds"),
    "song_id": ("song_id", "songid", "track_id"),
    "plays": ("plays", "listen_count", "play_count"),
    "album": ("album", "release"),
    "release_year": ("year", "release_year"),
    "tempo_bpm": ("tempo", "tempo_bpm"),
    "loudness_db": ("loudness", "loudness_db"),
    "hotness": ("song_hotttnesss", "hotness"),
}
"""What the file's columns may be called, the first five as eventsim takes them."""
NEEDED = ("artist", "title", "duration_seconds")
"""The columns that the file must have."""
MEASURES = ("release_year", "tempo_bpm", "loudness_db", "hotness")
"""Numbers that tell more of a song; what is none there is not known."""


def read_songs(path: Path) -> pl.DataFrame:
    """The songs of the file; those without artist or title are left out.

    A song without an id is named by its row, as eventsim does.

    Raises:
        ConfigurationError: The file is missing or wrong; the message names row and column.
    """
    file = _read(path)
    column = _columns_of(file, path)
    texts = {name: pl.col(found).str.strip_chars() for name, found in column.items()}
    number = pl.int_range(1, pl.len() + 1)
    songs = file.select(
        number=number,
        song_id=texts.get("song_id", pl.lit("")).replace("", None),
        artist=texts["artist"].replace("", None),
        title=texts["title"].replace("", None),
        duration_seconds=texts["duration_seconds"].cast(pl.Float64, strict=False),
        plays=texts.get("plays", pl.lit("1")).cast(pl.Float64, strict=False),
        album=texts.get("album", pl.lit("")).replace("", None),
        **{name: _measure(texts.get(name)) for name in MEASURES},
    )
    for name in ("duration_seconds", "plays"):
        wrong = songs.filter(pl.col(name).is_null() | ~(pl.col(name).is_finite()))
        _refuse(wrong, path, f"column {column.get(name, name)}: not a number")
    named = songs.drop_nulls(["artist", "title"]).with_columns(
        song_id=pl.coalesce("song_id", pl.format("S{}", _digits("number")))
    )
    _refuse(named.filter(~pl.col("song_id").is_first_distinct()), path, "its song_id stands twice")
    return named.drop("number")


def _read(path: Path) -> pl.DataFrame:
    r"""All columns of the file, as text.

    A quote within quotes may be written as `""` or, as in the Million Song Dataset, as `\"`.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = (line.replace('\\"', '""') for line in file)
            header, *rows = (row for row in csv.reader(lines) if row)
        filled = [row + [""] * (len(header) - len(row)) for row in rows]
        return pl.DataFrame(filled, dict.fromkeys(header, pl.String), orient="row")
    except OSError as error:
        reason = error.strerror or "it is not there"
        raise ConfigurationError(f"cannot read MUSICFLOW_SONGS, {path}: {reason}") from error
    except (ValueError, csv.Error, pl.exceptions.PolarsError) as error:
        raise ConfigurationError(
            f"cannot read MUSICFLOW_SONGS, {path}: it is no CSV file in UTF-8 with a header"
        ) from error


def _columns_of(file: pl.DataFrame, path: Path) -> dict[str, str]:
    """What each column that we know is called in the file."""
    header = {name.strip().lower(): name for name in file.columns}
    found = {
        wanted: next((header[name] for name in names if name in header), None)
        for wanted, names in COLUMNS.items()
    }
    for wanted in NEEDED:
        if found[wanted] is None:
            names = " or ".join(COLUMNS[wanted])
            raise ConfigurationError(f"{path} row 1: no column {names}")
    return {wanted: name for wanted, name in found.items() if name is not None}


def _refuse(wrong: pl.DataFrame, path: Path, what: str) -> None:
    for number in wrong["number"].head(1):
        raise ConfigurationError(f"{path} row {number + 1}: {what}")


def _measure(text: pl.Expr | None) -> pl.Expr:
    number = (pl.lit(None) if text is None else text).cast(pl.Float64, strict=False)
    return pl.when(number.is_finite()).then(number)


def _digits(name: str) -> pl.Expr:
    return pl.col(name).cast(pl.String).str.zfill(7)
