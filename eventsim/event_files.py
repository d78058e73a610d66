"""Event files: which files of a folder are some, and their lines."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from contracts.errors import ConfigurationError
from contracts.events import EVENTS_BY_NAME

NDJSON = re.compile(r"\.(json|ndjson|jsonl)(\.(gz|zst))?$", re.IGNORECASE)
HIDDEN = (".", "_")
"""What names begin with that are not meant as input."""
FORM = "<topic>.json, .ndjson or .jsonl, plain or with .gz or .zst behind"


def topic_files(folder: Path) -> dict[str, list[Path]]:
    """The event files of a folder by topic, which the part of their names before the first dot is.

    Left alone: folders, names that begin with `.` or `_`, and what neither is named by a topic
    nor looks like NDJSON, such as a README.md.

    Raises:
        ConfigurationError: There are none, one is named by no topic, or a topic's file is of
            another format.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder of event files")
    found: dict[str, list[Path]] = {}
    for path in _visible(folder):
        topic = path.name.partition(".")[0]
        is_topic, is_ndjson = topic in EVENTS_BY_NAME, NDJSON.search(path.name) is not None
        if is_topic and is_ndjson:
            found.setdefault(topic, []).append(path)
        elif is_ndjson:
            known = ", ".join(EVENTS_BY_NAME)
            raise ConfigurationError(f"{path} is named by no topic; topics are {known}")
        elif is_topic:
            raise ConfigurationError(f"{path} is no NDJSON file by its name: it should be {FORM}")
    if not found:
        raise ConfigurationError(f"{folder} has no event files, such as listen_events.json.gz")
    return found


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file by number, from 1, without their line feeds; empty ones are none.

    Raises:
        ConfigurationError: The file cannot be read, or is packed and broken.
    """
    try:
        with _opened(path) as file:
            for number, line in enumerate(file, start=1):
                if payload := line.removesuffix(b"\n"):
                    yield number, payload
    except (OSError, EOFError, zlib.error) as error:
        raise ConfigurationError(f"cannot read {path}: {error}") from error


def _visible(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError as error:
        raise ConfigurationError(f"cannot read {folder}: {error}") from error
    return [path for path in paths if not path.name.startswith(HIDDEN) and not path.is_dir()]


def _opened(path: Path) -> BinaryIO:
    match path.suffix.lower():
        case ".gz":
            return cast("BinaryIO", gzip.open(path))
        case ".zst":
            unpacked = pa.CompressedInputStream(pa.OSFile(str(path), "rb"), "zstd")
            return io.BufferedReader(cast("io.RawIOBase", unpacked))
        case _:
            return path.open("rb")
