"""Quiet hours count as hours without streams; hours without data do not count."""

from datetime import date

import polars as pl
import pytest

from dashboard.data import activity
from dashboard.data.overview import Today
from dashboard.figures.activity import MOST_TYPES, OTHERS, most_frequent
from dashboard.filters import Filters
from tests.dashboard.published import HOURS
from tests.dashboard.tables import MemoryTables
from tests.dashboard.test_overview import PUBLICATION, an_hour

BOTH = Filters(date(2026, 1, 1), date(2026, 1, 2))


@pytest.fixture
def tables() -> MemoryTables:
    """30 hours, of which only midnight and five have streams."""
    streams = [an_hour(hour, 4) for hour in HOURS if hour.hour in (0, 5)]
    memory = MemoryTables(
        {
            activity.HOURS: pl.DataFrame({"hour_starts_at": HOURS}),
            activity.STREAMS: pl.DataFrame(streams),
        }
    )
    memory.publication = PUBLICATION
    return memory


def test_two_days_have_an_entry_for_each_hour_that_is_covered(tables):
    hours = activity.two_days(tables, BOTH, Today.of(tables, BOTH))

    today = hours.filter(pl.col("day") == "Today")
    assert today["streams"].to_list() == [4, 0, 0, 0, 0, 4]
    assert hours.filter(pl.col("day") == "Day before").height == 24


def test_means_of_the_week_are_over_the_hours_of_each_kind(tables):
    week = activity.week(tables, BOTH)
    thursday = week.filter((pl.col("weekday") == 4) & (pl.col("hour_of_day") == 0))

    assert week["hours"].sum() == 30
    assert thursday["mean_streams"].to_list() == [4.0]


def test_the_clock_is_over_all_days(tables):
    clock = activity.clock(tables, BOTH)

    assert clock["hour_of_day"].to_list() == list(range(24))
    assert clock["hours"].to_list() == [2] * 6 + [1] * 18
    assert clock["mean_streams"].sum() == 8


def test_types_beyond_the_most_frequent_are_one():
    events = pl.DataFrame(
        {
            "occurred_on": [date(2026, 1, 1)] * 9,
            "event_type": list("abcdefghi"),
            "events": list(range(9, 0, -1)),
        }
    )

    shown = dict(most_frequent(events).select("event_type", "events").iter_rows())

    assert len(shown) == MOST_TYPES + 1
    assert shown[OTHERS] == 3 + 2 + 1
    assert sum(shown.values()) == events["events"].sum()
