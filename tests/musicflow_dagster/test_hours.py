from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from musicflow_dagster.hours import HourRange, aware, naive, ranges_of

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def at(hour: int) -> datetime:
    return MIDNIGHT + timedelta(hours=hour)


@given(st.sets(st.integers(0, 200)), st.integers(1, 30))
def test_ranges_hold_each_hour_once_and_are_never_too_long(hours, longest):
    ranges = list(ranges_of(map(at, hours), longest))

    assert [hour for each in ranges for hour in each] == sorted(map(at, hours))
    assert all(1 <= len(each) <= longest for each in ranges)


@pytest.mark.parametrize(
    ("hours", "names"),
    [
        pytest.param([], [], id="none"),
        pytest.param([3], ["2026-01-01-03:00"], id="one hour"),
        pytest.param([3, 4, 5], ["2026-01-01-03:00...2026-01-01-05:00"], id="contiguous"),
        pytest.param([5, 3], ["2026-01-01-03:00", "2026-01-01-05:00"], id="apart"),
    ],
)
def test_a_range_is_named_by_its_first_and_last_hour(hours, names):
    assert [str(each) for each in ranges_of(map(at, hours), 100)] == names


def test_a_range_touches_the_days_that_it_reaches_into():
    hours = HourRange(at(23), at(24)).widened(before=0, after=1)

    assert [day.day for day in hours.days()] == [1, 2]


@pytest.mark.parametrize(
    ("first", "end", "weeks"),
    [
        pytest.param(0, 1, (-72, 96), id="Thursday"),
        pytest.param(95, 96, (-72, 96), id="the last hour of Sunday"),
        pytest.param(95, 97, (-72, 264), id="over Sunday's midnight"),
        pytest.param(96, 97, (96, 264), id="the first hour of Monday"),
    ],
)
def test_a_range_touches_whole_weeks_from_monday(first, end, weeks):
    """The first of January 2026 was a Thursday."""
    touched = HourRange(at(first), at(end)).in_whole_weeks()

    assert touched == HourRange(at(weeks[0]), at(weeks[1]))


def test_an_hour_survives_the_way_into_the_warehouse_and_back():
    assert aware(naive(at(5))) == at(5)
