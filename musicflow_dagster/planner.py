"""The planner: which hours to build now, as a pure function of what is known.

An hour is *complete* when every topic is caught up past its end and a grace period. A complete
hour is built when it never was, and built again when manifests touched it since. Nothing here
reads a clock, a file or a database.
"""

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.lake import HOUR, hour_key, hour_of
from musicflow_dagster.hours import HourRange, ranges_of

Fingerprints = Mapping[str, Mapping[datetime, str]]
"""Per event and hour, what stands for the manifests that brought rows to that hour."""

NO_FILES = ""
"""The fingerprint of an hour to which no manifest brought rows."""

NAMED = 5
"""Most hours that a reason names."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that a plan depends on.

    `landed` is what the lake holds, `built` what the published tables were made of (an event
    and hour that was never built is absent), `refused` the hours that failed their checks, with
    what they were made of: they wait until something new lands for them.
    """

    events: tuple[str, ...]
    landed: Fingerprints
    built: Fingerprints
    caught_up_until: Mapping[str, datetime | None]
    refused: Mapping[datetime, frozenset[str]] = field(default_factory=dict)
    expired_before: datetime | None = None
    """Hours before have left the lake and can't be built again; what was built of them stays."""
    lost: frozenset[datetime] = frozenset()
    """Hours of which the lake holds fewer rows than they were built from: they stay built."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How patient the planner is; see the settings of the same names."""

    start: datetime
    grace: timedelta
    gap_hours: int
    run_hours: int


@dataclass(frozen=True, slots=True)
class Build:
    """One run to ask for: ranges of hours and the key that stands for their content."""

    ranges: tuple[HourRange, ...]
    key: str
    reopened: int
    """How many of the hours were built before and are late."""

    def __str__(self) -> str:
        """Its hours, as partitions are named."""
        return ", ".join(map(str, self.ranges))

    def __len__(self) -> int:
        """How many hours it builds."""
        return sum(map(len, self.ranges))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to build, or, when there is nothing, why."""

    builds: tuple[Build, ...]
    complete_until: datetime | None
    """End of the newest complete hour; None while a topic was never caught up."""
    waiting_for: tuple[str, ...] = ()
    """Topics that were never caught up."""
    held_back: tuple[datetime, ...] = ()
    """Hours that were refused and have got nothing new since, and those that are lost."""
    lost: tuple[datetime, ...] = ()
    """Hours that would lose rows if they were built again."""
    settled_until: datetime | None = None
    """All complete hours before are built: they need no look until something lands in them."""

    @property
    def reason(self) -> str:
        """Why nothing is asked for, in words."""
        if self.waiting_for:
            return f"landing was never caught up with {', '.join(self.waiting_for)}"
        if self.lost:
            return f"all else is built; {self.loss}"
        if self.held_back:
            hours = f"{len(self.held_back)} refused hours wait: {_named(self.held_back)}"
            return f"all else is built; {hours}"
        return f"all hours that are complete are built (complete until {self.complete_until})"

    @property
    def loss(self) -> str:
        """Which hours are lost, in words."""
        return (
            f"{len(self.lost)} hours stay as they are, as the lake holds less of them than they "
            f"were built from ({_named(self.lost)}): see docs/disaster_recovery.md"
        )


def plan(known: Known, rules: Rules) -> Plan:
    """Which hours to build now, as ranges in order of time."""
    waiting = tuple(name for name in known.events if known.caught_up_until.get(name) is None)
    caught_up = {name: known.caught_up_until.get(name) for name in known.events}
    until = complete_until(caught_up, rules.grace)
    if until is None:
        return Plan((), None, waiting)
    stale = [hour for hour in _span(known, rules, until) if _is_stale(known, hour)]
    lost = tuple(hour for hour in stale if hour in known.lost)
    held = tuple(hour for hour in stale if hour in known.lost or _is_refused(known, hour))
    ranges = ranges_of(set(stale).difference(held), rules.run_hours)
    settled = min(stale, default=until)
    return Plan(tuple(_build(known, hours) for hours in ranges), until, (), held, lost, settled)


def complete_until(caught_up: Mapping[str, datetime | None], grace: timedelta) -> datetime | None:
    """End of the newest hour that is complete for every topic; None if there is no such."""
    times = [at for at in caught_up.values() if at is not None]
    if not times or len(times) < len(caught_up):
        return None
    return hour_of(min(times) - grace)


def fingerprint(landed: Fingerprints, events: Iterable[str], hours: Iterable[datetime]) -> str:
    """What stands for all that landed for `hours`, over `events`."""
    digest = hashlib.blake2b(digest_size=8)
    for hour, name in itertools.product(hours, events):
        manifests = landed.get(name, {}).get(hour, NO_FILES)
        digest.update(f"{hour_key(hour)} {name} {manifests}\n".encode())
    return digest.hexdigest()


def _build(known: Known, hours: HourRange) -> Build:
    reopened = sum(_was_built(known, hour) for hour in hours)
    content = fingerprint(known.landed, known.events, hours)
    return Build((hours,), f"{hours}/{content}", reopened)


def _span(known: Known, rules: Rules, until: datetime) -> Iterator[datetime]:
    """Complete hours that should stand: those with data, and the short silences after them.

    A silence longer than `gap_hours` (history replayed years later) holds no hours to build.
    """
    start = max(rules.start, known.expired_before or rules.start)
    with_data = sorted(
        {
            hour
            for landed in (*known.landed.values(), *known.built.values())
            for hour in landed
            if start <= hour < until
        }
    )
    for hour, following in itertools.pairwise([*with_data, until]):
        yield hour
        if following - hour <= (rules.gap_hours + 1) * HOUR:
            yield from HourRange(hour + HOUR, following)


def _is_stale(known: Known, hour: datetime) -> bool:
    """Whether the hour was never built, or some event has other manifests in it now.

    An event that was added to the contract after the hour was built had nothing there.
    """
    return not _was_built(known, hour) or any(
        known.built.get(name, {}).get(hour, NO_FILES)
        != known.landed.get(name, {}).get(hour, NO_FILES)
        for name in known.events
    )


def _is_refused(known: Known, hour: datetime) -> bool:
    """Whether the hour was refused for just what it holds now."""
    verdicts = known.refused.get(hour, frozenset())
    return fingerprint(known.landed, known.events, [hour]) in verdicts


def _named(hours: Sequence[datetime]) -> str:
    return ", ".join(hour_key(hour) for hour in hours[:NAMED])


def _was_built(known: Known, hour: datetime) -> bool:
    return any(hour in known.built.get(name, {}) for name in known.events)
