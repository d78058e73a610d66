"""A lake with several users, of whom one is to be forgotten; and how to search all bytes of a home.

The user's own things, like the id, are long and unlike all others, so that a byte search can't be
mistaken.
"""

import io
import itertools
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq

from contracts.events import EVENTS, EVENTS_BY_NAME, Event
from contracts.lake import HOUR
from tests.builders import FIRST_HOUR, LakeBuilder, Row, row

USER = 7_316_540_982_614_735
"""Who is to be forgotten."""
OTHERS = (11, 12, 13)
THEIR_OWN = {
    "first_name": "Zerubabbela", "last_name": "Quixworthy", "city": "Nirgendwohausen",
    "zip": "99999-4321", "user_agent": "Mozilla/5.0 (Unheardof; rv:1.0)",
}  # fmt: skip
"""What only this user has."""


def event_of(name: str, hour: int, user: int | None, number: int, **changes) -> Row:
    """An event of a user, the `number`th of an hour."""
    event, at = EVENTS_BY_NAME[name], FIRST_HOUR + hour * HOUR + timedelta(seconds=31 * number)
    about = {"user_id": user, "session_id": 1000 * (user or 0) % 99991 + hour // 2}
    about |= {"item_in_session": number, "song": f"Song {number % 3}", "song_id": f"S{number % 3}"}
    if user == USER:
        about |= THEIR_OWN
        if number % 2:
            about |= {"song": "Only Quixworthy", "artist": "Quix", "song_id": "SQ"}
    else:
        about |= {"first_name": f"Other{user}", "last_name": "Else"}
    if user is None:
        about |= {"first_name": None, "last_name": None, "gender": None, "registered_at": None}
        about |= {"auth": "Logged Out"}
    return row(event, at, f"{name}-{hour}-{user}-{number}", **_of(event, about | changes))


def _of(event: Event, values: Row) -> Row:
    names = {field.name for field in event.fields}
    return {name: value for name, value in values.items() if name in names}


def history(hours: int = 3) -> list[tuple[str, list[Row]]]:
    """Batches: of each event, two that overlap in hours; some rows twice, guests too."""
    chance = random.Random(7)
    batches = []
    for event in EVENTS:
        users = [USER, *OTHERS, *([None] if event.name == "page_view_events" else [])]
        rows = [
            event_of(event.name, hour, user, 4 * place + number)
            for hour in range(hours)
            for place, user in enumerate(users)
            # In one hour the user does nothing.
            for number in range(0 if user == USER and hour == 1 else 3)
        ]
        chance.shuffle(rows)
        half = len(rows) // 2
        copies = [each for each in rows[:half] if each["user_id"] in (USER, OTHERS[0])][:4]
        batches += [(event.name, rows[:half]), (event.name, [*rows[half:], *copies])]
    return batches


def land(lake: LakeBuilder, batches: list[tuple[str, list[Row]]], *, without: int = 0) -> None:
    """Land the batches; those `without` a user as if that user had never been."""
    for name, rows in batches:
        kept = [each for each in rows if each["user_id"] != without]
        if kept:
            lake.land(name, kept)


def places_of(root: Path, *wanted: bytes) -> list[str]:
    """Files below `root` that hold one of these, as bytes or in the rows of a Parquet file."""
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and any(each in data for data in _readings(path) for each in wanted)
    )


def _readings(path: Path) -> Iterator[bytes]:
    data = path.read_bytes()
    yield data
    if data.startswith(b"PAR1"):
        yield str(pq.read_table(io.BytesIO(data)).to_pylist()).encode()


def number_forms(number: int) -> tuple[bytes, bytes]:
    """How a number may stand in a file: written, and as machines store it."""
    return str(number).encode(), number.to_bytes(8, "little", signed=True)


Query = Callable[[str], list[tuple]]


def tables(query: Query, *, unlike: tuple[str, ...] = ("reconciliation",)) -> dict[str, list]:
    """All rows of all tables but those of some schemas, in one order."""
    names = query(
        "select schema_name || '.' || table_name from duckdb_tables() where not internal "
        "union all select schema_name || '.' || view_name from duckdb_views() where not internal"
    )
    chosen = [name for (name,) in names if name.partition(".")[0] not in unlike]
    return {name: query(f"from {name} order by all") for name in sorted(chosen)}


def pairs(found: dict[str, list], expected: dict[str, list]) -> dict[str, tuple[list, list]]:
    """Tables that differ: what is too much, and what lacks."""
    return {
        name: (
            [each for each in found.get(name, []) if each not in expected.get(name, [])],
            [each for each in expected.get(name, []) if each not in found.get(name, [])],
        )
        for name in sorted({*itertools.chain(found, expected)})
        if found.get(name) != expected.get(name)
    }
