"""What was sent, by topic: the truth that a platform can be held to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from contracts.store import disk_error
from eventsim.faults import CONFLICTING, RESENT, Extra, Outgoing


@dataclass(slots=True)
class TopicCounts:
    """Messages of one topic.

    `messages` + `refused` = `events` + `resent` + `conflicting` + all poison.
    """

    messages: int = 0
    """What was written, and by Kafka acknowledged."""
    refused: int = 0
    """What was larger than Kafka takes."""
    events: int = 0
    """Distinct good events that were sent."""
    resent: int = 0
    conflicting: int = 0
    poison: dict[str, int] = field(default_factory=dict)

    def add(self, extra: Extra) -> None:
        """Count a message that was sent by itself."""
        self.messages += 1
        if extra.is_poison:
            self.poison[extra.kind] = self.poison.get(extra.kind, 0) + 1
        elif extra.kind == RESENT:
            self.resent += 1
        elif extra.kind == CONFLICTING:
            self.conflicting += 1
        else:
            self.events += 1


@dataclass(slots=True)
class Report:
    """Counts by topic, and times (ISO 8601, UTC): those of the first and the last good event."""

    topics: dict[str, TopicCounts] = field(default_factory=dict)
    first_event: str | None = None
    last_event: str | None = None
    history_start: str | None = None
    """The hour of the earliest believable event; None if no message has a believable time."""

    def add(self, outgoing: Outgoing) -> None:
        """Count a chunk."""
        messages = outgoing.messages
        counts = self.topics.setdefault(messages.topic, TopicCounts())
        counts.messages += len(messages) - len(outgoing.held)
        counts.events += len(messages) - len(outgoing.held)
        self.add_extras(messages.topic, outgoing.extras)
        if len(messages):
            self._seen(int(messages.at[0]), int(messages.at[-1]))

    def add_extras(self, topic: str, extras: list[Extra]) -> None:
        """Count messages that were sent by themselves."""
        counts = self.topics.setdefault(topic, TopicCounts())
        for extra in extras:
            counts.add(extra)
            self._seen(extra.at, extra.at)

    def refuse(self, messages: Mapping[str, int]) -> None:
        """Count messages by topic as refused, which were counted as sent."""
        for topic, number in messages.items():
            counts = self.topics[topic]
            counts.messages -= number
            counts.refused += number

    def join(self, other: "Report") -> None:
        """Add what another process sent, on other topics."""
        self.topics |= other.topics
        if other.first_event and other.last_event:
            self.first_event = min(other.first_event, self.first_event or other.first_event)
            self.last_event = max(other.last_event, self.last_event or other.last_event)

    def _seen(self, first: int, last: int) -> None:
        self.first_event = min(_iso(first), self.first_event or _iso(first))
        self.last_event = max(_iso(last), self.last_event or _iso(last))

    @property
    def messages(self) -> int:
        """Messages of all topics."""
        return sum(counts.messages for counts in self.topics.values())

    def write(self, path: Path) -> None:
        """Write the report as JSON, its topics by name.

        Raises:
            UnavailableError: The file cannot be written.
        """
        self.topics = dict(sorted(self.topics.items()))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        except OSError as error:
            raise disk_error(error, path) from error


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
