"""Hours may be built in any order, any number of times: the tables are those of a clean build."""

import random
from datetime import timedelta

import pytest

from tests.builders import Row
from tests.dbt_project.warehouse import Warehouse, happened, hour

pytestmark = pytest.mark.integration

HOURS = 5
LAYERS = ("staging", "marts", "reporting")
SONGS = [
    ("S1", "Sinnerman", "Nina Simone"),
    ("S1", "Sinnerman (live)", "Nina Simone"),
    (None, "Army of Me", "BjÃ¶rk"),
    (None, "", "Nina Simone"),
    (None, "Jóga", "Björk"),
]
Raw = dict[str, list[Row]]


def random_events(seed: int, event_name: str, count: int) -> list[Row]:
    """Events of a few listeners and guests, over all hours but the fourth; no two at once."""
    dice = random.Random(f"{seed} {event_name}")
    rows = []
    for number in range(count):
        at = hour(dice.choice([0, 1, 2, 4])) + timedelta(milliseconds=dice.randrange(3_600_000))
        song_id, song, artist = dice.choice(SONGS)
        changes: Row = {
            "user_id": dice.choice([1, 2, 3, None]) if event_name != "music_events" else 2,
            "session_id": dice.randrange(4), "item_in_session": number,
            "level": dice.choice(["free", "paid"]),
            "city": dice.choice([*["Boise"] * 6, "Reno", ""]),
            "song": song, "artist": artist, "duration_seconds": dice.choice([200.0, 201.5]),
            "song_id": song_id or ("S9" if event_name == "music_events" else None),
            "event_type": dice.choice(["play", "skip"]),
        }  # fmt: skip
        rows.append(happened(event_name, at, f"{event_name}-{number}", **changes))
    return rows


def random_raw(seed: int) -> Raw:
    counts = {"listen_events": 60, "page_view_events": 80, "auth_events": 8,
              "status_change_events": 8, "music_events": 60}  # fmt: skip
    return {name: random_events(seed, name, count) for name, count in counts.items()}


def load(warehouse: Warehouse, raw: Raw) -> None:
    for name, rows in raw.items():
        warehouse.load(name, rows)


def clean_build(warehouse: Warehouse, raw: Raw) -> dict[str, list[tuple]]:
    warehouse.create()
    load(warehouse, raw)
    warehouse.run()
    return warehouse.tables(*LAYERS)


def test_hours_built_in_any_order_equal_one_clean_build(warehouse: Warehouse):
    """Forwards, then backwards and twice, in hours and overlapping ranges."""
    raw = random_raw(seed=1)
    expected = clean_build(warehouse, raw)

    for windows in ([(0, 1), (1, 2), (2, HOURS)], [(3, HOURS), (1, 3), (1, 3), (0, 2)]):
        warehouse.create()
        load(warehouse, raw)
        for first, end in windows:
            warehouse.run(first, end)
        assert warehouse.tables(*LAYERS) == expected


def test_late_events_and_emptied_hours_equal_one_clean_build(warehouse: Warehouse):
    raw = random_raw(seed=3)
    late = {name: rows[::3] for name, rows in raw.items()}
    early = {name: [each for each in raw[name] if each not in late[name]] for name in raw}
    gone = f"occurred_at >= '{hour(2):%Y-%m-%d %H:00}' and occurred_at < '{hour(3):%Y-%m-%d %H:00}'"
    remaining = {
        name: [each for each in rows if not hour(2) <= each["occurred_at"] < hour(3)]
        for name, rows in raw.items()
    }
    expected = clean_build(warehouse, remaining)

    warehouse.create()
    load(warehouse, early)
    warehouse.run(0, HOURS)
    load(warehouse, late)
    for name in raw:
        warehouse.execute(f"delete from raw.{name} where {gone}")
    for first, end in [(2, HOURS), (1, 2), (0, 1)]:
        warehouse.run(first, end)

    assert warehouse.tables(*LAYERS) == expected


def test_a_window_rewrites_no_other_hour(warehouse: Warehouse):
    """The listen before it may have got another length: only that hour goes with it."""
    warehouse.load("listen_events", [happened("listen_events", hour(each)) for each in range(4)])
    warehouse.run(0, 4, select="+fct_streams")
    warehouse.execute("delete from raw.listen_events")

    warehouse.run(2, 3, select="int_listens_timed fct_streams")

    assert warehouse.rows("select listened_at from marts.fct_streams order by 1") == [
        (hour(0).replace(tzinfo=None),),
        (hour(3).replace(tzinfo=None),),
    ]


def test_a_full_refresh_covers_all_of_raw_whatever_the_window(warehouse: Warehouse):
    warehouse.load("listen_events", [happened("listen_events", hour(each)) for each in range(3)])
    warehouse.run(0, 1, select="+fct_streams")

    result = warehouse.dbt(
        "run", "--full-refresh", "--select", "+fct_streams", start=hour(0), end=hour(1)
    )

    assert result.success
    assert warehouse.rows("select count(*) from marts.fct_streams") == [(3,)]
