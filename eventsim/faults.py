"""Faults with known truth: what must be rejected, must not count twice, or comes at a wrong time.

Whether a message gets a fault is a function of what it is, not of when or where it is written,
so that the same seed gives the same faults whatever the chunks. A fault adds messages beside
good ones (poison, re-sends, conflicts, bots), or holds good ones back to send them later, with
another time, or never.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import msgspec
import numpy as np

from contracts.events import EVENTS_BY_NAME, LISTEN_EVENTS, MUSIC_EVENTS, PAGE_VIEW_EVENTS
from eventsim.bots import BURST, actions, moved
from eventsim.messages import Messages
from eventsim.player import ACTIONS, PLAY
from eventsim.poison import POISONS, kind_of, oversized
from eventsim.randomness import STEP, Bits, Floats, drawn, generators, mixed, units

RESENT, CONFLICTING, BOT = "resent", "conflicting", "bot"
LATE, OUT_OF_ORDER, SKEWED, DROPPED = "late", "out_of_order", "clock_skew", "dropped"
HELD = (DROPPED, SKEWED, LATE, OUT_OF_ORDER)
"""Faults that hold the message itself back; where several fall on one, the first counts."""
ELSEWHERE = "Elsewhere"
"""Where conflicting copies say that they come from."""
SONG = b'"song":'
"""Stands in a listen, and in a page view that starts a song."""
OUT_OF_ORDER_SECONDS = 60
"""The most by which an out-of-order message is overtaken."""
MOST_SKEW_SECONDS = 1800
"""The most by which a device's clock goes wrong, either way."""


class FaultRates(msgspec.Struct, frozen=True):
    """Shares of the good messages, 0 to 1, that get each fault; all off by default."""

    poison: float = 0
    resend: float = 0
    conflict: float = 0
    """Same identity and time, other content."""
    late: float = 0
    late_seconds: float = 7200
    """Mean delay of a late message (exponential)."""
    out_of_order: float = 0
    clock_skew: float = 0
    """Share of sessions on a device with a wrong clock."""
    bots: float = 0
    """Share of listens that a bot multiplies."""
    drop: float = 0
    """Share of messages that are lost within the interval below."""
    drop_from: int = 0
    drop_to: int = 0
    """Epoch seconds."""
    seed: int = 0
    max_event_bytes: int = 262_144
    """Messages above this are oversized."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A message that is sent after row `after` of its chunk; -1: before all rows."""

    after: int
    payload: bytes
    key: int
    kind: str
    """The fault, or the kind of poison."""
    at: int
    """When it claims to have happened, epoch seconds."""
    session: int
    position: int

    @property
    def is_poison(self) -> bool:
        """Whether it must be rejected."""
        return self.kind in POISONS or self.kind == "oversized"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A chunk as it is sent: its messages but those held back, and the extra ones."""

    messages: Messages
    extras: list[Extra]
    """In the order in which they are sent."""
    held: dict[int, str] = field(default_factory=dict)
    """Rows that are not sent here, and why."""

    def parts(self) -> Iterator[tuple[int, int, Extra | None]]:
        """Rows `begin` to `end` to send, each time followed by an extra message or none."""
        begin = 0
        cuts: list[tuple[int, Extra | None]] = [(extra.after + 1, extra) for extra in self.extras]
        cuts += [(row, None) for row in self.held]
        cuts.sort(key=lambda cut: cut[0])
        for end, extra in cuts:
            yield begin, end, extra
            begin = max(begin, end + (extra is None))
        yield begin, len(self.messages), None


class Faults:
    """Makes the faults of all topics."""

    def __init__(self, rates: FaultRates) -> None:
        """Make faults at these rates."""
        self._rates = rates
        self.waiting: dict[str, list[tuple[int, int, int, Extra]]] = {}
        """Messages held back: heaps by the time they are due, then session and position."""
        shares = (
            rates.poison, rates.resend, rates.conflict, rates.late, rates.out_of_order,
            rates.clock_skew, rates.bots, rates.drop,
        )  # fmt: skip
        self._off = not any(shares)

    def applied(self, messages: Messages) -> Outgoing:
        """The chunk with its faults, and with what earlier ones held back and is due."""
        if self._off or not len(messages):
            return Outgoing(messages, [])
        states = self._states(messages)
        chances = {name: units(drawn(states)) for name in ("poison", "resend", "conflict")}
        choice = drawn(states)
        held = self._held(messages, states)
        extras = self._added(messages, held, chances, choice)
        self._keep_for_later(messages, held, choice)
        extras += self._due(messages)
        extras.sort(key=lambda extra: extra.after)
        return Outgoing(messages, extras, held)

    def left(self, topic: str) -> list[Extra]:
        """What is still held back when the topic's last chunk has gone."""
        waiting = self.waiting.pop(topic, [])
        return [heapq.heappop(waiting)[-1] for _ in range(len(waiting))]

    def _states(self, messages: Messages) -> Bits:
        root = generators(self._rates.seed, "faults " + messages.topic, np.zeros(1, np.int64))
        states = mixed(root + messages.session.astype(np.uint64) * STEP)
        return states ^ messages.position.astype(np.uint64)

    def _added(
        self, messages: Messages, held: dict[int, str], chances: dict[str, Floats], choice: Bits
    ) -> list[Extra]:
        """Extra messages beside good ones; copies only of those that are sent as they are."""
        rates = self._rates
        chosen = {
            name: np.flatnonzero(chances[name] < getattr(rates, name)).tolist() for name in chances
        }
        copied = [row for row in chosen["resend"] if row not in held]
        contradicted = [row for row in chosen["conflict"] if row not in held]
        return [
            *(extra_of(messages, row, RESENT) for row in copied),
            *(
                extra_of(messages, row, CONFLICTING, conflicting(_payload(messages, row)))
                for row in contradicted
            ),
            *(self._poison(messages, row, int(choice[row])) for row in chosen["poison"]),
            *(extra for row in self._by_bots(messages) for extra in _by_bot(messages, row)),
        ]

    def _by_bots(self, messages: Messages) -> list[int]:
        """The starts of songs that a bot repeats: the same ones in all topics that tell of them."""
        if messages.topic not in (LISTEN_EVENTS.name, PAGE_VIEW_EVENTS.name, MUSIC_EVENTS.name):
            return []
        player = messages.topic == MUSIC_EVENTS.name
        item = messages.position // len(ACTIONS) if player else messages.position
        root = generators(self._rates.seed, "bots", np.zeros(1, np.int64))
        states = mixed(root + messages.session.astype(np.uint64) * STEP)
        chance = units(mixed(states ^ item.astype(np.uint64)))
        rows = np.flatnonzero(chance < self._rates.bots).tolist()
        if player:
            return [row for row in rows if messages.position[row] % len(ACTIONS) == PLAY]
        return [row for row in rows if SONG in _payload(messages, row)]

    def _poison(self, messages: Messages, row: int, choice: int) -> Extra:
        kind, payload = kind_of(choice >> 32), _payload(messages, row)
        if kind == "oversized":
            broken = oversized(payload, self._rates.max_event_bytes)
        else:
            broken = POISONS[kind](EVENTS_BY_NAME[messages.topic], payload, choice & 0xFFFF_FFFF)
        return extra_of(messages, row, kind, broken)

    def _held(self, messages: Messages, states: Bits) -> dict[int, str]:
        """Rows that are held back, and why."""
        rates = self._rates
        dropped = units(drawn(states)) < rates.drop
        dropped &= (messages.at >= rates.drop_from) & (messages.at < rates.drop_to)
        chances = {
            DROPPED: dropped,
            SKEWED: units(self._of_session(messages)) < rates.clock_skew,
            LATE: units(drawn(states)) < rates.late,
            OUT_OF_ORDER: units(drawn(states)) < rates.out_of_order,
        }
        held: dict[int, str] = {}
        for kind in reversed(HELD):
            held |= dict.fromkeys(np.flatnonzero(chances[kind]).tolist(), kind)
        return held

    def _of_session(self, messages: Messages) -> Bits:
        root = generators(self._rates.seed, "device clock", np.zeros(1, np.int64))
        return mixed(root + messages.session.astype(np.uint64) * STEP)

    def _keep_for_later(self, messages: Messages, held: dict[int, str], choice: Bits) -> None:
        waiting = self.waiting.setdefault(messages.topic, [])
        skew = (units(mixed(self._of_session(messages))) * 2 - 1) * MOST_SKEW_SECONDS
        unit = units(choice)
        for row, kind in held.items():
            extra, delay = extra_of(messages, row, kind), 0.0
            if kind == LATE:
                delay = -float(np.log(unit[row])) * self._rates.late_seconds
            elif kind == OUT_OF_ORDER:
                delay = float(unit[row]) * OUT_OF_ORDER_SECONDS
            elif kind == SKEWED:
                extra = _moved(messages, row, SKEWED, int(skew[row]))
            if kind != DROPPED:
                due = int(messages.at[row]) + int(delay)
                heapq.heappush(waiting, (due, extra.session, extra.position, extra))

    def _due(self, messages: Messages) -> list[Extra]:
        """What was held back until the time of this chunk."""
        waiting, last, due = self.waiting[messages.topic], int(messages.at[-1]), []
        while waiting and waiting[0][0] < last:
            at, *_, extra = heapq.heappop(waiting)
            after = int(np.searchsorted(messages.at, at, side="right")) - 1
            due.append(replace(extra, after=after))
        return due


def conflicting(payload: bytes) -> bytes:
    """The message with other content in a field that is no part of its identity."""
    body = msgspec.json.decode(payload)
    body["device_type" if "device_type" in body else "city"] = ELSEWHERE
    return msgspec.json.encode(body)


def _payload(messages: Messages, row: int) -> bytes:
    begin, end = messages.lines.bounds[row : row + 2].tolist()
    return bytes(messages.lines.data[begin : end - 1])


def extra_of(messages: Messages, row: int, kind: str, payload: bytes | None = None) -> Extra:
    """The message of a row, or another payload in its place, to be sent right after it."""
    return Extra(
        row,
        _payload(messages, row) if payload is None else payload,
        int(messages.key[row]),
        kind,
        int(messages.at[row]),
        int(messages.session[row]),
        int(messages.position[row]),
    )


def _moved(messages: Messages, row: int, kind: str, seconds: int) -> Extra:
    """The message with a time so many seconds later."""
    at = int(messages.at[row])
    plain = extra_of(messages, row, kind, moved(_payload(messages, row), at, seconds))
    return replace(plain, at=at + seconds)


def _by_bot(messages: Messages, row: int) -> Iterator[Extra]:
    """What a bot makes of the start of a song."""
    if messages.topic != MUSIC_EVENTS.name:
        yield from (_moved(messages, row, BOT, 1 + number) for number in range(BURST))
        return
    at, payload = int(messages.at[row]), _payload(messages, row)
    for action, seconds, changed in actions(payload, at):
        plain = extra_of(messages, row, BOT, changed)
        yield replace(plain, at=at + seconds, position=plain.position + action - PLAY)
