"""The ledger: each fault by itself, and how many good events each topic and hour has.

One JSON object a line. A fault: `fault`, `topic`, `session`, `item`, `ts` (epoch ms), and for
player actions `event_id`. At the end a count for each topic and hour of event time: `topic`,
`hour`, `events` (distinct good events that were sent). A simulation that goes on from its state
goes on with its ledger: the counts make room for what follows, and stand again at the end.
"""

import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from contracts.errors import ConfigurationError
from contracts.events import MUSIC_EVENTS
from contracts.lake import hour_key
from contracts.store import disk_error
from eventsim.faults import BOT, HELD, Extra, Outgoing, extra_of
from eventsim.player import ACTIONS
from eventsim.randomness import Integers

HOUR = 3600
SENT_HELD = tuple(kind for kind in HELD if kind != "dropped")


class Identified(msgspec.Struct):
    """What a player action is known by."""

    event_id: str


@dataclass(frozen=True, slots=True)
class LedgerMark:
    """How far a ledger was written."""

    size: int
    """Bytes of its faults."""
    hours: list[tuple[str, int, int]]
    """Topic, hour since the epoch, events."""


class Ledger:
    """Writes down what was done to the events."""

    def __init__(self, path: Path, mark: LedgerMark | None = None) -> None:
        """Begin the file, or go on with it from a mark.

        Raises:
            ConfigurationError: The file has less than the mark says.
            UnavailableError: It cannot be written.
        """
        self._path = path
        self._hours: Counter[tuple[str, int]] = Counter()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if mark:
                _check_size(path, mark.size)
                os.truncate(path, mark.size)
                self._hours.update({(topic, hour): events for topic, hour, events in mark.hours})
            self._file = path.open("ab" if mark else "wb")
        except OSError as error:
            raise disk_error(error, path) from error

    def mark(self) -> LedgerMark:
        """How far it is written by now.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise disk_error(error, self._path) from error
        hours = [(topic, hour, events) for (topic, hour), events in self._hours.items()]
        return LedgerMark(self._file.tell(), hours)

    def add(self, outgoing: Outgoing) -> None:
        """Note a chunk."""
        messages = outgoing.messages
        sent = np.delete(messages.at, list(outgoing.held))
        self._count(messages.topic, sent)
        for row, kind in outgoing.held.items():
            if kind not in SENT_HELD:
                self._note(messages.topic, extra_of(messages, row, kind))
        self.add_extras(messages.topic, outgoing.extras)

    def add_extras(self, topic: str, extras: list[Extra]) -> None:
        """Note messages that are sent by themselves."""
        counted = [extra.at for extra in extras if extra.kind in (*SENT_HELD, BOT)]
        self._count(topic, np.array(counted, dtype=np.int64))
        for extra in extras:
            self._note(topic, extra)

    def close(self) -> None:
        """Write the counts and finish.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for (topic, hour), events in sorted(self._hours.items()):
                key = hour_key(datetime.fromtimestamp(hour * HOUR, UTC))
                self._line({"topic": topic, "hour": key, "events": events})
            self._file.close()
        except OSError as error:
            raise disk_error(error, self._path) from error

    def _count(self, topic: str, at: Integers) -> None:
        hours, counts = np.unique(at // HOUR, return_counts=True)
        for hour, count in zip(hours.tolist(), counts.tolist(), strict=True):
            self._hours[topic, hour] += count

    def _note(self, topic: str, fault: Extra) -> None:
        item = fault.position
        line: dict[str, str | int] = {"fault": fault.kind, "topic": topic}
        if topic == MUSIC_EVENTS.name:
            item, action = divmod(fault.position, len(ACTIONS))
            line["event_id"] = f"{fault.session}-{item}-{action}"
        if topic == MUSIC_EVENTS.name and fault.kind == BOT:
            line["event_id"] = msgspec.json.decode(fault.payload, type=Identified).event_id
        self._line(line | {"session": fault.session, "item": item, "ts": fault.at * 1000})

    def _line(self, line: dict[str, str | int]) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")


def _check_size(path: Path, least: int) -> None:
    if not path.exists() or path.stat().st_size < least:
        raise ConfigurationError(
            f"{path} has less than was written to it: give the ledger that the state belongs to"
        )
