"""The last of the chosen days is compared with the day before up to the same hour."""

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from dashboard.data import overview
from dashboard.data.common import choices, completeness
from dashboard.data.overview import Streams, Today
from dashboard.data.tables import Published
from dashboard.filters import Filters
from tests.dashboard.published import BUILT, HOURS
from tests.dashboard.tables import MemoryTables

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 2)
BOTH = Filters(FIRST, LAST)
PUBLICATION = Published(
    1,
    datetime(2026, 1, 3, tzinfo=UTC),
    datetime(2026, 1, 1, tzinfo=UTC),
    datetime(2026, 1, 2, 5, tzinfo=UTC),
)


def an_hour(hour, streams, *, skips=0, state="CA", level="free", device_type="phone"):
    return {
        "hour_starts_at": hour, "state": state, "level": level, "device_type": device_type,
        "streams": streams, "skips": skips, "listening_seconds": 60.0 * streams,
    }  # fmt: skip


def a_listener(day, number, state="CA", level="free", device_type="phone"):
    return {
        "active_on": day, "listener_number": number, "state": state, "level": level,
        "device_type": device_type,
    }  # fmt: skip


@pytest.fixture
def tables() -> MemoryTables:
    """30 hours: in each one stream in California, and two of paying listeners in New York."""
    streams = [an_hour(hour, 1, skips=1) for hour in HOURS]
    streams += [an_hour(hour, 2, state="NY", level="paid") for hour in HOURS]
    listeners = [a_listener(FIRST, 1), a_listener(FIRST, 2, state="NY", level="paid")]
    listeners += [a_listener(LAST, 2, state="NY", level="paid"), a_listener(LAST, 3)]
    sessions = [
        {"started_on": day, "state": "CA", "level": "free", "device_type": "phone", "sessions": 4}
        for day in (FIRST, LAST)
    ]
    active = {
        "active_on": [FIRST, LAST], "daily_users": [2, 2], "weekly_users": [2, 3],
        "monthly_users": [2, 3],
    }  # fmt: skip
    memory = MemoryTables(
        {
            "reconciliation.built_hours": BUILT,
            overview.STREAMS: pl.DataFrame(streams),
            overview.LISTENERS: pl.DataFrame(listeners),
            overview.SESSIONS: pl.DataFrame(sessions),
            "reporting.rpt_active_users": pl.DataFrame(active),
        }
    )
    memory.publication = PUBLICATION
    return memory


def test_today_ends_where_the_data_ends(tables):
    today = Today.of(tables, BOTH)

    assert (today.day, today.as_of) == (LAST, datetime(2026, 1, 2, 6, tzinfo=UTC))
    assert not today.is_over
    assert Today.of(tables, replace(BOTH, last=FIRST)).is_over


def test_today_is_compared_with_the_same_hours_of_the_day_before(tables):
    now, before = overview.today_and_before(tables, BOTH, Today.of(tables, BOTH))

    assert now == before == Streams(streams=3 * 6, skips=6)
    assert now.skip_rate == pytest.approx(1 / 3)


def test_a_first_day_has_nothing_before_it(tables):
    first = replace(BOTH, last=FIRST)

    now, before = overview.today_and_before(tables, first, Today.of(tables, first))

    assert (now.streams, before) == (3 * 24, Streams(0, 0))
    assert before.skip_rate is None


@pytest.mark.parametrize(
    ("filters", "streams"),
    [
        pytest.param(BOTH, 90, id="none"),
        pytest.param(replace(BOTH, first=LAST), 90, id="days do not matter"),
        pytest.param(replace(BOTH, states=("NY",)), 60, id="a state"),
        pytest.param(replace(BOTH, plans=("free",), states=("NY",)), 0, id="nobody"),
    ],
)
def test_streams_in_total_are_of_all_days_and_of_those_who_are_asked_for(tables, filters, streams):
    assert overview.streams_in_total(tables, filters) == streams


def test_days_have_streams_and_sessions(tables):
    days = overview.days(tables, BOTH)

    assert days["day"].to_list() == [FIRST, LAST]
    assert days["streams"].to_list() == [72, 18]
    assert days["sessions"].to_list() == [4, 4]
    assert days["skip_rate"].to_list() == pytest.approx([1 / 3, 1 / 3])


@pytest.mark.parametrize(
    ("filters", "daily", "paid", "weekly"),
    [
        pytest.param(BOTH, [2, 2], [1, 1], [2, 3], id="none"),
        pytest.param(replace(BOTH, states=("CA", "NY")), [2, 2], [1, 1], [None, 3], id="states"),
        pytest.param(replace(BOTH, plans=("paid",)), [1, 1], [1, 1], [None, 1], id="who pays"),
    ],
)
def test_a_listener_of_two_days_counts_once_in_a_week(tables, filters, daily, paid, weekly):
    users = overview.active_users(tables, Today.of(tables, BOTH), filters)

    assert users["daily_users"].to_list() == daily
    assert users["paid_users"].to_list() == paid
    assert users["weekly_users"].to_list() == weekly
    assert users["monthly_users"].to_list() == weekly


def test_completeness_counts_the_hours_of_the_range_that_are_built(tables):
    assert completeness(tables, BOTH).is_complete
    assert completeness(tables, BOTH).hours == 30
    assert completeness(tables, BOTH).as_of == datetime(2026, 1, 2, 6, tzinfo=UTC)
    assert completeness(tables, replace(BOTH, first=LAST)).hours == 6


def test_an_hour_that_is_missing_between_others_shows(tables):
    tables.connection.execute(
        "delete from reconciliation.built_hours where hour = timestamp '2026-01-01 07:00:00'"
    )

    found = completeness(tables, BOTH)

    assert (found.built, found.hours, found.is_complete) == (29, 30, False)


def test_there_is_nothing_to_choose_before_an_hour_was_built(tables):
    tables.publication = replace(PUBLICATION, first_hour=None, last_hour=None)

    assert choices(tables) is None
