"""What a folder of event files holds, as far as the demo must know before it starts."""

import gzip
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.errors import ConfigurationError
from contracts.events import EVENTS_BY_NAME
from contracts.lake import hour_of

TIME = re.compile(rb'"ts"\s*:\s*(\d{1,15})\b')
LONGEST_HISTORY = timedelta(days=92)
"""How far before the bulk of its events a folder's first event may lie and still be believed."""


def event_files(folder: Path) -> list[Path]:
    """The folder's NDJSON files, plain or gzip, each named by its topic.

    Raises:
        ConfigurationError: There is no such folder, or it holds no such file.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder: give one with NDJSON files")
    found = [path for path in sorted(folder.iterdir()) if _topic(path) in EVENTS_BY_NAME]
    if not found:
        names = ", ".join(f"{name}.json[.gz]" for name in EVENTS_BY_NAME)
        raise ConfigurationError(f"{folder} holds none of the files {names}")
    return found


def first_hour(folder: Path) -> datetime:
    """The hour of the folder's earliest believable event, UTC: where its history starts.

    A time long before the bulk of the events is a mistake of its message, not the start of the
    history; landing rejects it as impossible. The bulk begins at the first percentile.

    Raises:
        ConfigurationError: No message has a time.
    """
    times = sorted(ts for path in event_files(folder) for ts in _times(path))
    if not times:
        raise ConfigurationError(f'no message in {folder} has a "ts": these are no events')
    bulk = times[len(times) // 100]
    oldest = bulk - LONGEST_HISTORY.total_seconds() * 1000
    return hour_of(_instant(next(ts for ts in times if ts >= oldest)))


def _topic(path: Path) -> str:
    return path.name.partition(".")[0]


def _times(path: Path) -> Iterator[int]:
    """Times of the file's messages, epoch ms, as far as calendars go."""
    latest = datetime.now(UTC).timestamp() * 1000
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as lines:
        for line in lines:
            match = TIME.search(line)
            if match and int(match[1]) <= latest:
                yield int(match[1])


def _instant(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)
