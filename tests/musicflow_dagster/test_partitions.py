"""How a run says which hours it builds."""

from types import SimpleNamespace

import pytest

from contracts.lake import HOUR
from musicflow_dagster.hours import HourRange
from musicflow_dagster.partitions import HOURS_TAG, range_tags, ranges_of_run
from tests.builders import FIRST_HOUR


def hours(first, end):
    return HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)


@pytest.mark.parametrize(
    "ranges",
    [
        pytest.param([hours(0, 1)], id="an hour"),
        pytest.param([hours(0, 9)], id="a range"),
        pytest.param([hours(0, 1), hours(30, 40), hours(9_000, 9_001)], id="hours far apart"),
    ],
)
def test_a_run_knows_the_hours_that_it_was_asked_for(ranges):
    tags = range_tags(*ranges)
    window = SimpleNamespace(start=ranges[-1].start, end=ranges[-1].end)
    context = SimpleNamespace(run=SimpleNamespace(tags=tags), partition_time_window=window)

    assert ranges_of_run(context) == ranges
    assert (HOURS_TAG in tags) == (len(ranges) > 1)
    assert set(range_tags(ranges[-1]).items()) <= set(tags.items())
