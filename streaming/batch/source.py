"""A batch file: which event it is of, how it is written, and its records."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from contracts.errors import ConfigurationError
from contracts.events import EVENTS_BY_NAME, Event
from streaming.batch.csv_file import CsvReader, Layout
from streaming.batch.ndjson_file import NdjsonReader
from streaming.batch.opening import content_hash, opened, problems_told
from streaming.batch.parquet_file import ParquetReader
from streaming.batch.records import Records

Form = Literal["csv", "ndjson", "parquet"]
FORMS: dict[str, Form] = {
    ".csv": "csv", ".tsv": "csv",
    ".json": "ndjson", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
PACKED = {".gz", ".gzip", ".zst", ".zstd"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How files are to be read; what is not said is told by the file itself."""

    event: str = ""
    form: Form | None = None
    columns: tuple[str, ...] = ()
    delimiter: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to read."""

    path: Path
    event: Event
    form: Form
    reading: Reading

    @property
    def name(self) -> str:
        """What its rows say that they were read from."""
        return self.path.name

    def content(self, *more: str) -> str:
        """What stands for its bytes, the way in which they are read, and more that matters.

        Raises:
            ConfigurationError: It can't be read.
        """
        reading = (self.form, self.reading.delimiter, *self.reading.columns)
        return content_hash(self.path, *reading, *more)

    def state(self) -> tuple[int, int]:
        """Its size and the time of its last change.

        Raises:
            ConfigurationError: It can't be read.
        """
        with problems_told(self.path):
            about = self.path.stat()
        return about.st_size, about.st_mtime_ns

    def records(self, longest: int) -> Iterator[Records]:
        """Its records.

        Raises:
            ConfigurationError: It can't be read, or can't be of the event at all.
        """
        if self.form == "parquet":
            yield from ParquetReader(self.event).records(self.path)
            return
        with opened(self.path) as file:
            if self.form == "ndjson":
                yield from NdjsonReader(self.event).records(file, self.name)
            else:
                yield from self._csv(longest).records(file, self.name)

    def layout(self, longest: int) -> Layout | None:
        """How a CSV file is written; None for another.

        Raises:
            ConfigurationError: It can't be read, or can't be of the event at all.
        """
        if self.form != "csv":
            return None
        with opened(self.path) as file:
            return self._csv(longest).layout(file, self.name)

    def _csv(self, longest: int) -> CsvReader:
        return CsvReader(self.event, longest, self.reading.columns, self.reading.delimiter)


def source_of(path: Path, reading: Reading) -> Source:
    """The file with what its name tells, where `reading` does not.

    Raises:
        ConfigurationError: Neither says which event it is of, or which format it has.
    """
    name = reading.event or event_name_of(path)
    if name is None:
        known = ", ".join(EVENTS_BY_NAME)
        raise ConfigurationError(
            f"{path} is named by no event: say which with --event, or name the file or its folder "
            f"by it ({known})"
        )
    form = reading.form or form_of(path)
    if form is None:
        raise ConfigurationError(
            f"{path} is no CSV, NDJSON or Parquet by its name: say which with --format"
        )
    return Source(path, EVENTS_BY_NAME[name], form, reading)


def event_name_of(path: Path) -> str | None:
    """The event that a file's name begins with; else the nearest folder that is named so.

    >>> event_name_of(Path("in/listen_events-2026-01.csv.gz"))
    'listen_events'
    >>> event_name_of(Path("in/music_events/2026/part-1.csv"))
    'music_events'
    """
    for event in EVENTS_BY_NAME:
        if re.match(rf"{event}(?![a-z0-9])", path.name, re.IGNORECASE):
            return event
    return next((each.name for each in path.parents if each.name in EVENTS_BY_NAME), None)


def form_of(path: Path) -> Form | None:
    """The format that a file's name tells.

    >>> form_of(Path("listen_events.json.gz"))
    'ndjson'
    """
    suffixes = [each.lower() for each in path.suffixes if each.lower() not in PACKED]
    return FORMS.get(suffixes[-1]) if suffixes else None
