"""Who listens: different listeners, by what they are known by, over whichever days are chosen."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from dashboard.data import audience
from dashboard.filters import Filters
from dashboard.us_tiles import TILES, elsewhere, on_tiles
from tests.dashboard.tables import MemoryTables

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)
BOTH_DAYS = Filters(FIRST, SECOND)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour)  # noqa: DTZ001  as the warehouse has it


LISTENER_DAYS = pl.DataFrame(
    [
        (FIRST, 1, "CA", "free", "phone"),
        (FIRST, 2, "CA", "paid", "desktop"),
        (SECOND, 1, "CA", "free", "desktop"),
        (SECOND, 3, "unknown", "free", "phone"),
    ],
    schema=["active_on", "listener_number", "state", "level", "device_type"],
    orient="row",
)
STREAMS = pl.DataFrame(
    [
        (at(FIRST, 5), "CA", "free", "phone", 10, 100.0),
        (at(FIRST, 23), "CA", "paid", "desktop", 5, 50.0),
        (at(SECOND, 0), "NY", "free", "phone", 1, 10.0),
    ],
    schema=["hour_starts_at", "state", "level", "device_type", "streams", "listening_seconds"],
    orient="row",
)
DEMOGRAPHICS = pl.DataFrame(
    [
        (FIRST, "F", "free", "under 7 days", "CA", 10, 20),
        (SECOND, "F", "free", "under 7 days", "CA", 20, 30),
        (SECOND, "M", "paid", "7 to 29 days", "NY", 4, 8),
    ],
    schema=["active_on", "gender", "level", "account_age", "state", "users", "streams"],
    orient="row",
)
PLAYER = pl.DataFrame(
    [
        (at(FIRST, 1), "phone", "US", 10, 4, 1),
        (at(SECOND, 1), "phone", "DE", 20, 0, 3),
        (at(SECOND, 2), "tv", "US", 30, 4, 1),
    ],
    schema=["hour_starts_at", "device_type", "country", "events", "plays", "skips"],
    orient="row",
)


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables(
        {
            "reporting.rpt_listener_days": LISTENER_DAYS,
            "reporting.rpt_streams_by_hour": STREAMS,
            "reporting.rpt_demographics": DEMOGRAPHICS,
            "reporting.rpt_active_users": pl.DataFrame({"active_on": [FIRST, SECOND]}),
            "reporting.rpt_player_engagement": PLAYER,
        }
    )


def test_a_listener_counts_once_in_a_state_however_many_days_they_came(tables):
    assert audience.states(tables, BOTH_DAYS).rows() == [
        ("CA", 2, 15, 150.0),
        ("unknown", 1, 0, 0.0),
        ("NY", 0, 1, 10.0),
    ]


@pytest.mark.parametrize(
    ("filters", "states"),
    [
        pytest.param(Filters(SECOND, SECOND), {"CA": 1, "unknown": 1, "NY": 0}, id="a day"),
        pytest.param(Filters(FIRST, SECOND, states=("CA",)), {"CA": 2}, id="a state"),
        pytest.param(Filters(FIRST, SECOND, plans=("paid",)), {"CA": 1}, id="a plan"),
        pytest.param(
            Filters(FIRST, SECOND, devices=("desktop", "tv")), {"CA": 2}, id="kinds of devices"
        ),
        pytest.param(Filters(FIRST, SECOND, countries=("DE",)), None, id="a country: no matter"),
    ],
)
def test_listeners_are_filtered(tables, filters, states):
    found = audience.states(tables, filters)
    wanted = states or {"CA": 2, "unknown": 1, "NY": 0}

    assert dict(zip(found["state"], found["listeners"], strict=True)) == wanted


def test_a_filter_s_value_is_no_part_of_the_query(tables):
    hostile = Filters(FIRST, SECOND, states=("CA') or ('' = '",))

    assert audience.states(tables, hostile).is_empty()


def test_devices_and_plans_are_told_in_the_same_way(tables):
    devices = audience.devices(tables, BOTH_DAYS)
    plans = audience.plans(tables, BOTH_DAYS)

    assert set(devices.rows()) == {("desktop", 2, 5, 50.0), ("phone", 2, 11, 110.0)}
    assert set(plans.rows()) == {("free", 2, 11, 110.0), ("paid", 1, 5, 50.0)}


def test_listeners_a_day_are_a_mean_over_all_days_chosen_quiet_ones_too(tables):
    found = audience.demographics(tables, BOTH_DAYS)
    men = audience.demographics(tables, Filters(FIRST, SECOND, states=("NY",)))

    assert men["listeners_a_day"].to_list() == [2.0]

    assert found.rows() == [
        ("F", "free", "under 7 days", 15.0, 50),
        ("M", "paid", "7 to 29 days", 2.0, 8),
    ]


def test_countries_have_the_skips_of_their_plays(tables):
    assert audience.countries(tables, BOTH_DAYS).rows() == [
        ("US", 40, 8, 2, 0.25),
        ("DE", 20, 0, 3, None),
    ]
    assert audience.countries(tables, Filters(FIRST, SECOND, countries=("DE",))).height == 1
    assert audience.countries(tables, Filters(FIRST, SECOND, devices=("tv",))).height == 1


def test_retention_shows_the_last_cohorts_up_to_the_last_day():
    weeks = [date(2025, 12, 1), date(2025, 12, 8), date(2025, 12, 15), date(2026, 1, 5)]
    rows = [(week, since, 10, 5, 0.5) for week in weeks for since in range(3)]
    names = ["registration_week", "weeks_since_registration", "registered_users"]
    names += ["active_users", "retention_rate"]
    tables = MemoryTables(
        {"reporting.rpt_retention": pl.DataFrame(rows, schema=names, orient="row")}
    )
    found = audience.retention(tables, BOTH_DAYS, weeks=2)

    assert found["registration_week"].unique(maintain_order=True).to_list() == weeks[1:3]
    assert found["weeks_since_registration"].unique().sort().to_list() == [0, 1]


def test_weeks_of_registration_from_before_the_data_begins_are_not_followed():
    weeks = [date(2025, 12, 22), date(2025, 12, 29), date(2026, 1, 5)]
    frame = pl.DataFrame(
        {
            "registration_week": weeks,
            "weeks_since_registration": [2, 1, 0],
            "registered_users": [5, 5, 5],
            "active_users": [5, 4, 5],
            "retention_rate": [1.0, 0.8, 1.0],
        }
    )
    tables = MemoryTables({"reporting.rpt_retention": frame})
    begin = datetime(2026, 1, 1, 5, tzinfo=UTC)
    tables.publication = replace(tables.publication, first_hour=begin)

    found = audience.retention(tables, Filters(FIRST, date(2026, 1, 9)), weeks=16)
    assert found["registration_week"].to_list() == weeks[1:]


def test_the_map_has_each_state_once_and_the_capital_and_no_two_on_one_tile():
    assert TILES["state"].n_unique() == TILES.height == 51
    assert TILES.select("tile_column", "tile_row").n_unique() == 51


def test_states_without_listeners_have_a_tile_and_others_stand_beside_the_map():
    states = pl.DataFrame({"state": ["CA", "unknown", "PR"], "listeners": [3, 2, 1]})
    placed = on_tiles(states)

    assert placed.height == 51
    assert placed.filter(pl.col("listeners").is_not_null())["state"].to_list() == ["CA"]
    assert elsewhere(states)["state"].to_list() == ["unknown", "PR"]
