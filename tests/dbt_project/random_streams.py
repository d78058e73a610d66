"""Random lives of listeners, at the edges of everything: hours, days, months, years, plans, names.

What a stream holds follows from its seed alone.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts.events import EVENTS
from tests.builders import Row
from tests.dbt_project.warehouse import happened

Raw = dict[str, list[Row]]
EVES = [
    datetime(2023, 12, 31, 21, tzinfo=UTC),  # a Sunday; 2024 begins with ISO week 1
    datetime(2024, 2, 28, 21, tzinfo=UTC),
    datetime(2024, 12, 28, 21, tzinfo=UTC),  # the Monday after begins ISO week 1 of 2025
    datetime(2026, 12, 31, 21, tzinfo=UTC),  # in ISO week 53
    datetime(2026, 4, 30, 21, tzinfo=UTC),
]
DAYS_AFTER = [0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 6, 7, 8, 14, 27, 28, 29]
STEPS = [0, 0, 1, 999, 1_000, 29_999, 30_000, 60_000, 200_123, 1_799_999, 1_800_000, 1_800_001,
         3_599_999, 3_600_000, 3_600_001, 9_000_000]  # fmt: skip
"""Milliseconds from one event to the next."""
DURATIONS = [
    0.0,
    0.5,
    29.999,
    30.0,
    30.5,
    200.123,
    200.123,
    622.0,
    3599.5,
    3600.0,
    3601.5,
    86_400.0,
]
SONGS = [
    ("S1", "Sinnerman", "Nina Simone"), ("S1", "Sinnerman (live)", "Nina Simone"),
    (None, "Army of Me", "BjÃ¶rk"), (None, "Army of Me", "Björk"), ("S2", "Jóga ", " Björk"),
    (None, "", "Nina Simone"), (None, "Untitled", " "), (None, " ", ""), ("S3", "", ""),
]  # fmt: skip
PAGES = ["Home", "Settings", "Submit Registration", "Cancellation Confirmation", "Upgrade"]
PLACES = [("Boise", "ID", "West"), ("Reno", "NV", "West"), ("", "NY", "Northeast"), ("", "", None)]
DEVICES = [("phone", "ios", "safari"), ("desktop", "linux", "firefox"), (None, None, None),
           ("bot", "bot", "bot")]  # fmt: skip
MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)


@dataclass
class Stream:
    """The events so far, and the dice."""

    dice: random.Random
    eve: datetime
    raw: Raw = field(default_factory=lambda: {event.name: [] for event in EVENTS})

    def add(self, event_name: str, at: datetime, **values: object) -> None:
        """One more event. Ids are told again at other times; an identity is never twice."""
        number = sum(map(len, self.raw.values()))
        event_id = f"{event_name}-{number - number % 2 if at > self.eve else number}"
        known = {(each["event_id"], each["occurred_at"]) for each in self.raw[event_name][-4:]}
        if (event_id, at) in known:
            event_id += " too"
        self.raw[event_name].append(happened(event_name, at, event_id, **values))


def random_stream(seed: int, visits: int = 60, eve: datetime | None = None) -> Raw:
    """Raw rows of some visits of a few listeners and guests, from three hours before midnight on.

    Half of the visits begin at once, and go on for up to a day and more; the others follow within
    a month.
    """
    dice = random.Random(seed)
    stream = Stream(dice, eve or dice.choice(EVES))
    people = [_person(dice, number, stream.eve) for number in range(8)]
    for _ in range(visits):
        person = dice.choice([*people, _person(dice, None, stream.eve)])
        _visit(stream, person, session_id=dice.randrange(visits))
    return stream.raw


def divided(raw: Raw, is_late: Callable[[Row], bool]) -> tuple[Raw, Raw]:
    """The rows that come in time, and those that come late."""
    early: Raw = {name: [] for name in raw}
    late: Raw = {name: [] for name in raw}
    for name, rows in raw.items():
        for each in rows:
            (late if is_late(each) else early)[name].append(each)
    return early, late


def _person(dice: random.Random, user_id: int | None, eve: datetime) -> Row:
    city, state, region = dice.choice(PLACES)
    registered = eve - timedelta(days=dice.choice([-3, 0, 6, 7, 29, 30, 89, 90, 364, 365, 700]))
    return {
        "user_id": user_id, "gender": dice.choice(["F", "M", None, ""]), "city": city,
        "state": state, "home_region": region, "tag": dice.choice([None, "A", "B"]),
        "registered_at": None if user_id is None else registered,
    }  # fmt: skip


def _visit(stream: Stream, person: Row, session_id: int) -> None:
    dice = stream.dice
    device, system, browser = dice.choice(DEVICES)
    told = person | {
        "session_id": session_id, "level": dice.choice(["free", "paid"]),
        "device_type": device, "operating_system": system, "browser": browser,
    }  # fmt: skip
    logs_in_later = dice.random() < 0.2
    for item, at in enumerate(_moments(dice, stream.eve)):
        who = {"user_id": None, "registered_at": None} if logs_in_later and item < 2 else {}
        told_now = told | who | {"item_in_session": item}
        _event(stream, at, told_now)
        if dice.random() < 0.2:
            # At the same moment of the same visit, or of another that the listener has open.
            other_visit = {"session_id": session_id + dice.choice([0, 0, 1])}
            _event(stream, at, told_now | other_visit | {"level": dice.choice(["free", "paid"])})
        if dice.random() < 0.1:
            told["level"] = dice.choice(["free", "paid"])
        if dice.random() < 0.05:
            told["city"], told["state"], told["home_region"] = dice.choice(PLACES)


def _moments(dice: random.Random, eve: datetime) -> Iterator[datetime]:
    """Times of a visit's events, many of them at the edges of hours and of days."""
    at = eve + timedelta(days=dice.choice(DAYS_AFTER), milliseconds=dice.randrange(5 * 3_600_000))
    for _ in range(dice.randrange(1, 14)):
        yield at
        if dice.random() < 0.15:
            full_hour = at.replace(minute=0, second=0, microsecond=0) + HOUR
            at = full_hour - dice.choice([0, 0, 1]) * MILLISECOND
        else:
            at += dice.choice(STEPS) * MILLISECOND


def _event(stream: Stream, at: datetime, told: Row) -> None:
    dice = stream.dice
    kind = dice.random()
    if kind < 0.55:
        _listen(stream, at, told)
    elif kind < 0.85:
        stream.add("page_view_events", at, **told, page=dice.choice(PAGES), artist=None,
                   song=None, duration_seconds=None)  # fmt: skip
    elif kind < 0.92:
        stream.add("auth_events", at, **told, is_success=dice.random() < 0.7)
    else:
        stream.add("status_change_events", at, **told)
    if kind < 0.02:
        _act(stream, at, told | {"user_id": 99}, dice.choice(SONGS))


def _listen(stream: Stream, at: datetime, told: Row) -> None:
    """A song, mostly with its page view, often with what the player tells of it."""
    dice = stream.dice
    song_id, title, artist = song = dice.choice(SONGS)
    heard = {"song": title, "artist": artist, "duration_seconds": dice.choice(DURATIONS)}
    stream.add("listen_events", at, **told, **heard, song_id=song_id)
    if dice.random() < 0.8:
        stream.add("page_view_events", at, **told, **heard, page="NextSong")
    for _ in range(dice.choice([0, 0, 1, 2, 3])):
        _act(stream, at + dice.choice(STEPS) * MILLISECOND, told, dice.choice([song, SONGS[0]]))


def _act(stream: Stream, at: datetime, told: Row, song: tuple[str | None, str, str]) -> None:
    dice = stream.dice
    stream.add(
        "music_events", at,
        user_id=dice.choice([1, 2]) if told["user_id"] is None else told["user_id"],
        session_id=told["session_id"], song_id=song[0] or "S9", song=song[1], artist=song[2],
        event_type=dice.choice(["play", "pause", "resume", "stop", "stop", "skip", "skip",
                                "add_to_playlist"]),
        position_seconds=dice.choice([0.0, 12.5, 29.999, 30.0, 199.2, 200.123, 621.0, 4000.0]),
        device_type=dice.choice(["phone", "tv", ""]), region=dice.choice(["ID", ""]),
        country=dice.choice(["US", "NO", ""]), home_region=dice.choice(["West", None]),
    )  # fmt: skip
