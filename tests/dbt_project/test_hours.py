"""Hours may be built in any order, any number of times: the tables are those of a clean build."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from contracts.events import EVENTS
from tests.builders import Row
from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.random_streams import Raw, divided, random_stream
from tests.dbt_project.reference.tables import reference
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse, happened, hour

pytestmark = pytest.mark.integration

END = 24 * 40
"""Hours from the first: after all that the streams hold."""
LAYERS = ("staging", "marts", "reporting")
Tables = dict[str, list[tuple]]


def clean_build(warehouse: Warehouse, raw: Raw) -> Tables:
    warehouse.create()
    warehouse.fill(raw)
    warehouse.run()
    return warehouse.tables(*LAYERS)


@pytest.fixture(scope="module")
def stream() -> Raw:
    """Visits that last for many hours, and listens across the edges of hours and days."""
    return random_stream(seed=1, eve=hour(0))


@pytest.fixture(scope="module")
def built_at_once(stream: Raw, dbt_folder: Path) -> Tables:
    folder = dbt_folder / "at_once"
    return clean_build(Warehouse(folder / "musicflow.duckdb", dbt_folder / "target"), stream)


@pytest.mark.parametrize(
    "windows",
    [
        pytest.param([(0, 1), (1, 2), (2, 3), (3, 26), (26, END)], id="forwards"),
        pytest.param([(30, END), (2, 30), (2, 30), (0, 4)], id="backwards and twice"),
    ],
)
def test_hours_built_in_any_order_equal_one_clean_build(
    warehouse: Warehouse, stream: Raw, built_at_once: Tables, windows: list[tuple[int, int]]
):
    warehouse.fill(stream)

    for first, end in windows:
        warehouse.run(first, end)

    assert differences(warehouse.tables(*LAYERS), built_at_once) == []


def test_late_events_and_emptied_hours_equal_one_clean_build(warehouse: Warehouse):
    raw = random_stream(seed=3, eve=hour(0))
    remaining, gone = divided(raw, in_hour(2))
    early, late = divided(remaining, lambda row: row["event_id"][-1] in "037")
    expected = clean_build(warehouse, remaining)

    warehouse.create()
    warehouse.fill(early)
    warehouse.fill(gone)
    warehouse.run(0, END)
    warehouse.fill(late)
    empty_hour(warehouse, 2)
    for first, end in [(2, END), (1, 2), (0, 1)]:
        warehouse.run(first, end)

    assert differences(warehouse.tables(*LAYERS), expected) == []
    for name, table in reference(remaining, PSEUDONYM_KEY).items():
        assert_agrees(warehouse, name, table)


def test_a_late_event_changes_what_stands_hours_days_and_weeks_away(warehouse: Warehouse):
    """Only the late events' own hours are built again."""
    midnight = hour(2)
    minute, day = timedelta(minutes=1), timedelta(days=1)

    def heard(user_id: int, at: datetime, **changes: object) -> Row:
        own = {"user_id": user_id, "session_id": user_id}
        return happened("listen_events", at, f"heard by {user_id}", **own, **changes)

    def viewed(user_id: int, at: datetime, **changes: object) -> Row:
        return happened("page_view_events", at, user_id=user_id, session_id=user_id, **changes)

    def stopped(user_id: int, at: datetime) -> Row:
        return happened("music_events", at, user_id=user_id, session_id=user_id,
                        event_type="stop", position_seconds=7.0)  # fmt: skip

    in_time: Raw = {
        "listen_events": [
            heard(1, midnight - minute),
            heard(2, midnight - minute),
            heard(3, midnight + 13 * day, song_id="S2", song="Feeling Good"),
        ],
        "page_view_events": [
            viewed(4, midnight + 65 * minute),
            viewed(5, midnight + 27 * day),
            viewed(6, midnight + 90 * minute, level="paid"),
        ],
    }
    late: Raw = {
        "listen_events": [heard(3, midnight + 6 * day, song_id="S2", song="Feeling Good")],
        "page_view_events": [
            viewed(1, midnight + minute),
            viewed(4, midnight + 45 * minute),
            viewed(6, midnight + 30 * minute, level="free"),
            viewed(7, midnight + 2 * minute),
        ],
        "music_events": [stopped(2, midnight + minute)],
    }

    warehouse.fill(in_time)
    warehouse.run(0, END)
    warehouse.fill(late)
    warehouse.run(2, 3)
    warehouse.run(2 + 6 * 24, 3 + 6 * 24)

    raw = {name: in_time.get(name, []) + late.get(name, []) for name in late}
    for name, table in reference(raw, PSEUDONYM_KEY).items():
        assert_agrees(warehouse, name, table)


def differences(found: Tables, expected: Tables) -> list[str]:
    """Names of the tables that differ."""
    assert set(found) == set(expected)
    return [name for name in expected if found[name] != expected[name]]


def in_hour(number: int) -> Callable[[Row], bool]:
    return lambda row: hour(number) <= row["occurred_at"] < hour(number + 1)


def empty_hour(warehouse: Warehouse, number: int) -> None:
    within = f"occurred_at >= '{hour(number):%Y-%m-%d %H:00}'"
    within += f" and occurred_at < '{hour(number + 1):%Y-%m-%d %H:00}'"
    for event in EVENTS:
        warehouse.execute(f"delete from raw.{event.name} where {within}")


def test_a_window_rewrites_no_other_hour(warehouse: Warehouse):
    """The listen before it may have got another length: only that hour goes with it."""
    warehouse.load("listen_events", [happened("listen_events", hour(each)) for each in range(4)])
    warehouse.run(0, 4, select="+fct_streams")
    warehouse.execute("delete from raw.listen_events")

    warehouse.run(2, 3, select="fct_streams")

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
