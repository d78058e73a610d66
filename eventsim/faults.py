"""Faults with known truth: messages that must be rejected, and copies that must not count.

Whether a message gets a fault is a function of what it is, not of when or where it is written,
so that the same seed gives the same faults whatever the chunks and the processes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np

from contracts.events import EVENTS_BY_NAME, Event
from eventsim.randomness import STEP, Bits, drawn, generators, mixed, units
from eventsim.topics import Messages

RESENT = "resent"
POISON_SHARES = {
    "truncated_json": 0.30,
    "wrong_type": 0.30,
    "missing_field": 0.28,
    "invalid_utf8": 0.10,
    "oversized": 0.02,
}
"""Kinds of poison and how the rate is shared out; oversized ones are few, as they are large."""
NOT_TEXT = ("integer", "number", "boolean", "timestamp")


@dataclass(frozen=True, slots=True)
class FaultRates:
    """Share of good messages, 0 to 1, that get a fault beside them."""

    poison: float = 0
    resend: float = 0
    seed: int = 0
    max_event_bytes: int = 262_144
    """Messages above this are oversized."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A message that is sent right after row `after` of its chunk."""

    after: int
    payload: bytes
    kind: str
    """`resent`, or a kind of poison."""


@dataclass(slots=True)
class Faults:
    """Makes the extra messages."""

    rates: FaultRates

    def extras(self, messages: Messages) -> list[Extra]:
        """The extra messages of a chunk, in order."""
        if not self.rates.poison and not self.rates.resend:
            return []
        states = self._states(messages)
        resent = units(drawn(states)) < self.rates.resend
        poisoned = units(drawn(states)) < self.rates.poison
        choice = drawn(states)
        extras = []
        for row in np.flatnonzero(resent | poisoned).tolist():
            begin, end = messages.lines.bounds[row : row + 2].tolist()
            payload = bytes(messages.lines.data[begin : end - 1])
            if resent[row]:
                extras.append(Extra(row, payload, RESENT))
            if poisoned[row]:
                extras.append(self._poison(row, messages.topic, payload, int(choice[row])))
        return extras

    def _states(self, messages: Messages) -> Bits:
        root = generators(self.rates.seed, "faults " + messages.topic, np.zeros(1, dtype=np.int64))
        states = mixed(root + messages.session.astype(np.uint64) * STEP)
        return states ^ messages.position.astype(np.uint64)

    def _poison(self, row: int, topic: str, payload: bytes, choice: int) -> Extra:
        share, kinds = (choice >> 32) / 2**32, iter(POISON_SHARES.items())
        kind, most = next(kinds)
        while share >= most:
            share -= most
            kind, most = next(kinds, ("truncated_json", 1.0))
        event, choice = EVENTS_BY_NAME[topic], choice & 0xFFFF_FFFF
        if kind == "oversized":
            return Extra(row, oversized(payload, self.rates.max_event_bytes), kind)
        return Extra(row, POISONS[kind](event, payload, choice), kind)


def truncated(_: Event, payload: bytes, choice: int) -> bytes:
    """The message up to somewhere before its end: no JSON."""
    return payload[: 1 + choice % (len(payload) - 1)]


def wrong_type(event: Event, payload: bytes, choice: int) -> bytes:
    """The message with a text in the place of a required number, time or boolean."""
    body = msgspec.json.decode(payload)
    names = [each.wire_name for each in event if not each.nullable and each.type in NOT_TEXT]
    body[names[choice % len(names)]] = "unknown"
    return msgspec.json.encode(body)


def missing_field(event: Event, payload: bytes, choice: int) -> bytes:
    """The message without a required field."""
    body = msgspec.json.decode(payload)
    names = [each.wire_name for each in event if not each.nullable]
    del body[names[choice % len(names)]]
    return msgspec.json.encode(body)


def invalid_utf8(_: Event, payload: bytes, choice: int) -> bytes:
    """The message with bytes in one of its texts that no UTF-8 has."""
    texts = payload.count(b'":"')
    parts = payload.split(b'":"', 1 + choice % texts)
    return b'":"'.join(parts[:-1]) + b'":"\xff\xfe' + parts[-1]


def oversized(payload: bytes, most: int) -> bytes:
    """The message with a field that makes it longer than `most` bytes."""
    return payload[:-1] + b',"padding":"' + b"x" * most + b'"}'


POISONS: dict[str, Callable[[Event, bytes, int], bytes]] = {
    "truncated_json": truncated,
    "wrong_type": wrong_type,
    "missing_field": missing_field,
    "invalid_utf8": invalid_utf8,
}
