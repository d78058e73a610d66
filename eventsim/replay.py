"""Publishes event files as they stand: each line a message, whatever it holds."""

import gzip
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import ConfigurationError
from contracts.events import EARLIEST_EPOCH_MS, EVENTS_BY_NAME, LATEST_EPOCH_MS
from contracts.logs import log
from eventsim.kafka import KafkaPublisher
from eventsim.progress import Progress
from eventsim.report import Report, TopicCounts


class Glimpse(msgspec.Struct):
    """What the key and the time of a message are read from, of any type."""

    ts: Any = None
    user: Any = msgspec.field(default=None, name="userId")
    session: Any = msgspec.field(default=None, name="sessionId")
    player_user: Any = msgspec.field(default=None, name="user_id")
    player_session: Any = msgspec.field(default=None, name="session_id")

    @property
    def key(self) -> bytes | None:
        """User id, else session id, as text."""
        for value in (self.user, self.player_user, self.session, self.player_session):
            if isinstance(value, int | str) and value != "":
                return str(value).encode()
        return None


def topic_files(folder: Path) -> dict[str, list[Path]]:
    """The files of a folder by topic, which the part of their names before the first dot is.

    Raises:
        ConfigurationError: There are none, or one is named by no topic.
    """
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is no folder of event files")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.is_dir():
            continue
        topic = path.name.partition(".")[0]
        if topic not in EVENTS_BY_NAME:
            known = ", ".join(EVENTS_BY_NAME)
            raise ConfigurationError(f"{path} is named by no topic; topics are {known}")
        found.setdefault(topic, []).append(path)
    if not found:
        raise ConfigurationError(f"{folder} has no event files, such as listen_events.json.gz")
    return found


def replay(
    files: dict[str, list[Path]], publisher: KafkaPublisher, report: Report, progress: Progress
) -> None:
    """Publish all lines of all files; returns when the broker has acknowledged them.

    Raises:
        ConfigurationError: A file cannot be read.
        UnavailableError: The broker did not take a message.
    """
    times: list[int] = []
    for topic, paths in files.items():
        counts = report.topics.setdefault(topic, TopicCounts())
        for line in _lines(paths):
            glimpse = _glimpse(line)
            publisher.publish(topic, line, glimpse.key)
            counts.messages += 1
            if isinstance(glimpse.ts, int) and EARLIEST_EPOCH_MS <= glimpse.ts <= LATEST_EPOCH_MS:
                times = [min([*times[:1], glimpse.ts]), max([*times[1:], glimpse.ts])]
            if counts.messages % 1000 == 0:
                publisher.serve()
                progress.show(times[-1] // 1000 if times else 0, report.messages)
        counts.events = counts.messages
        log.info("replayed", topic=topic, messages=counts.messages)
    publisher.flush()
    if times:
        report.first_event, report.last_event = (_iso(at) for at in times)


def _lines(paths: list[Path]) -> Iterator[bytes]:
    """Lines without their line feeds; empty ones are none."""
    for path in paths:
        try:
            with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
                for line in file:
                    if payload := line.removesuffix(b"\n"):
                        yield payload
        except (OSError, EOFError, zlib.error) as error:
            raise ConfigurationError(f"cannot read {path}: {error}") from error


def _glimpse(line: bytes) -> Glimpse:
    """What can be seen of a line; nothing, if it is no JSON object."""
    try:
        return msgspec.json.decode(line, type=Glimpse)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Glimpse()


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
