"""What was sent, by topic: the truth that a platform can be held to."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from contracts.store import disk_error
from eventsim.faults import RESENT, Extra
from eventsim.topics import Messages


@dataclass(slots=True)
class TopicCounts:
    """Messages of one topic: `messages` = `events` + `resent` + all poison."""

    messages: int = 0
    events: int = 0
    resent: int = 0
    poison: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Report:
    """Counts by topic, and the times of the first and the last good event (ISO 8601, UTC)."""

    topics: dict[str, TopicCounts] = field(default_factory=dict)
    first_event: str | None = None
    last_event: str | None = None

    def add(self, messages: Messages, extras: list[Extra]) -> None:
        """Count a chunk."""
        counts = self.topics.setdefault(messages.topic, TopicCounts())
        counts.messages += len(messages) + len(extras)
        counts.events += len(messages)
        for extra in extras:
            if extra.kind == RESENT:
                counts.resent += 1
            else:
                counts.poison[extra.kind] += 1
        if len(messages):
            first, last = _iso(int(messages.at[0])), _iso(int(messages.at[-1]))
            self.first_event = min(first, self.first_event or first)
            self.last_event = max(last, self.last_event or last)

    @property
    def messages(self) -> int:
        """Messages of all topics."""
        return sum(counts.messages for counts in self.topics.values())

    def write(self, path: Path) -> None:
        """Write the report as JSON.

        Raises:
            UnavailableError: The file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        except OSError as error:
            raise disk_error(error, path) from error


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
