"""Publishes event files as they stand: each line a message, whatever it holds."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from contracts.logs import log
from eventsim.event_files import lines
from eventsim.history import Times, iso
from eventsim.kafka import KafkaPublisher, Origin
from eventsim.progress import Progress
from eventsim.report import Report, TopicCounts

SERVED_MESSAGES = 1000
"""Messages between two looks at what the broker has answered."""


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


def replay(
    files: Mapping[str, list[Path]],
    publisher: KafkaPublisher | None,
    now: datetime,
    progress: Progress,
) -> Report:
    """Publish all lines of all files, or without a publisher only look at them.

    A message that is larger than Kafka takes is counted as refused, and the others go on. Returns
    when the broker has acknowledged all others.

    Raises:
        ConfigurationError: A file cannot be read.
        UnavailableError: The broker did not take a message.
    """
    report, times = Report(), Times(now)
    for topic, paths in files.items():
        counts = report.topics.setdefault(topic, TopicCounts())
        for path in paths:
            for number, line in lines(path):
                glimpse = _glimpse(line)
                times.add(glimpse.ts)
                if publisher is not None:
                    origin: Origin = {"file": path.name, "line": number}
                    publisher.publish(topic, line, glimpse.key, origin)
                counts.messages += 1
                if counts.messages % SERVED_MESSAGES == 0:
                    _serve(publisher, report, times, progress)
        counts.events = counts.messages
    if publisher is not None:
        publisher.flush()
        report.refuse(publisher.refused)
    _tell(report, times)
    return report


def _serve(
    publisher: KafkaPublisher | None, report: Report, times: Times, progress: Progress
) -> None:
    if publisher is not None:
        publisher.serve()
    progress.show((times.last or 0) // 1000, report.messages)


def _tell(report: Report, times: Times) -> None:
    report.history_start = times.history_start()
    if times.first is not None and times.last is not None:
        report.first_event, report.last_event = iso(times.first), iso(times.last)
    for topic, counts in report.topics.items():
        log.info("read", topic=topic, messages=counts.messages, refused=counts.refused)


def _glimpse(line: bytes) -> Glimpse:
    """What can be seen of a line; nothing, if it is no JSON object."""
    try:
        return msgspec.json.decode(line, type=Glimpse)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Glimpse()
