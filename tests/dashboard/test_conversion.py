"""Who begins to pay and who stops: days, rates over days, paths and their steps."""

from datetime import date

import polars as pl
import pytest

from dashboard.data import conversion
from dashboard.filters import Filters
from tests.dashboard.tables import MemoryTables

DAYS = pl.DataFrame(
    {
        "occurred_on": [date(2026, 1, 1), date(2026, 1, 2)],
        "registrations": [3, 1],
        "upgrades": [2, 0],
        "downgrades": [0, 1],
        "cancellations": [1, 0],
        "free_users": [10, 10],
        "paid_users": [5, 3],
        "conversion_rate": [0.2, 0.0],
        "churn_rate": [0.2, 1 / 3],
    }
)
PATHS = pl.DataFrame(
    [("free", 10), ("free > paid", 4), ("free > paid > free > paid > cancelled", 2),
     ("paid > free > paid > free > paid > free > …", 1), ("unknown", 3)],
    schema=["path", "users"], orient="row",
)  # fmt: skip


@pytest.fixture
def tables() -> MemoryTables:
    return MemoryTables(
        {"reporting.rpt_conversions": DAYS, "reporting.rpt_conversion_paths": PATHS}
    )


def test_only_the_days_that_are_chosen_are_told(tables):
    found = conversion.days(tables, Filters(date(2026, 1, 2), date(2026, 1, 2)))

    assert found["downgrades"].to_list() == [1]


def test_rates_over_days_weigh_each_day_by_its_listeners():
    totals = conversion.totals(DAYS)

    assert totals["upgrades"] == 2
    assert totals["conversion_rate"] == 2 / 20
    assert totals["churn_rate"] == (1 + 1) / 8


def test_without_listeners_there_is_no_rate():
    totals = conversion.totals(DAYS.clear())

    assert (totals["upgrades"], totals["conversion_rate"], totals["churn_rate"]) == (0, None, None)


def test_paths_are_told_with_where_they_end_and_their_share(tables):
    shown = conversion.shown(conversion.paths(tables))

    assert shown["users"].is_sorted(descending=True)
    assert dict(zip(shown["path"], shown["ends_as"], strict=True)) == {
        "free": "free",
        "free → paid": "paid",
        "free → paid → free → paid → cancelled": "cancelled",
        "paid → free → paid → free → paid → free → …": "goes on",
        "unknown": "unknown",
    }
    assert shown["users_share"].sum() == pytest.approx(1)


def test_steps_count_each_change_of_each_path():
    steps = conversion.steps(PATHS)

    assert {(a, b): times for a, b, times in steps.rows()} == {
        ("free", "paid"): 4 + 2 * 2 + 2,
        ("paid", "free"): 2 + 3,
        ("paid", "cancelled"): 2,
    }


def test_without_paths_there_are_no_steps():
    assert conversion.steps(PATHS.clear()).is_empty()
    assert conversion.shown(PATHS.clear()).is_empty()
