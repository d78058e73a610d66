"""What the accounts say: which hours are complete, and whether everything adds up."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest

from dashboard.data import health
from dashboard.filters import Filters
from tests.dashboard.tables import MemoryTables

MIDNIGHT = datetime(2026, 1, 1)  # noqa: DTZ001  as the warehouse has it
DAY = Filters(date(2026, 1, 1), date(2026, 1, 1))
LISTENS, VIEWS = "listen_events", "page_view_events"
RAW = ["event", "hour", "accepted", "replayed", "from_files", "raw_rows", "duplicates",
       "conflicting_duplicates", "erased", "manifests"]  # fmt: skip


def hour(number: int) -> datetime:
    return MIDNIGHT + timedelta(hours=number)


def load(event: str, number: int, *, lost: int = 0, manifests: str = "a") -> tuple:
    """The account of an hour: 10 accepted and 2 replayed; 1 of them twice, and 1 erased."""
    return (event, hour(number), 10, 2, 0, 10 - lost, 1, 0, 1, manifests)


@pytest.fixture
def published():
    """The tables that hold these accounts."""

    def made(loads=(), built=(), facts=()):
        return MemoryTables(
            {
                "reconciliation.raw_hours": pl.DataFrame(
                    list(loads) or [load(LISTENS, 0)], schema=RAW, orient="row"
                ).head(len(loads)),
                "reconciliation.built_hours": pl.DataFrame(
                    list(built) or [("", MIDNIGHT, "")],
                    schema=["event", "hour", "manifests"],
                    orient="row",
                ).head(len(built)),
                "reconciliation.fact_hours": pl.DataFrame(
                    list(facts) or [("", MIDNIGHT, 0, 0)],
                    schema=["fact", "hour", "raw_rows", "fact_rows"],
                    orient="row",
                ).head(len(facts)),
            }
        )

    return made


def test_an_hour_is_complete_waiting_or_missing(published):
    tables = published(
        loads=[load(LISTENS, 0), load(LISTENS, 1, manifests="b"), load(LISTENS, 3)],
        built=[(LISTENS, hour(0), "a"), (LISTENS, hour(1), "a")],
    )
    found = health.hours(tables, DAY)

    assert found.select("hour", "state", "raw_rows").rows() == [
        (hour(0), "complete", 10),
        (hour(1), "waiting", 10),
        (hour(2), "missing", 0),
        (hour(3), "waiting", 10),
    ]


def test_each_topic_is_looked_at_between_the_first_and_the_last_hour_of_all(published):
    tables = published(loads=[load(LISTENS, 0), load(LISTENS, 1), load(VIEWS, 1)])
    found = health.hours(tables, DAY)

    assert found.filter(pl.col("event") == VIEWS)["state"].to_list() == ["missing", "waiting"]


def test_an_hour_of_all_topics_is_as_good_as_the_worst_of_them(published):
    tables = published(
        loads=[load(LISTENS, 0), load(LISTENS, 1), load(VIEWS, 0)],
        built=[(LISTENS, hour(0), "a"), (VIEWS, hour(0), "a"), (LISTENS, hour(1), "a")],
    )
    hours = health.hours(tables, DAY)

    everything = health.hours_of(hours, health.ALL_TOPICS)
    assert everything.select("hour", "state", "raw_rows").rows() == [
        (hour(0), "complete", 20),
        (hour(1), "missing", 10),
    ]
    assert health.hours_of(hours, LISTENS)["state"].to_list() == ["complete", "complete"]


def test_other_days_are_not_looked_at(published):
    tables = published(loads=[load(LISTENS, 0), load(LISTENS, 24), load(LISTENS, -1)])

    assert health.hours(tables, DAY)["hour"].to_list() == [hour(0)]
    assert health.loads(tables, DAY)["hour"].to_list() == [hour(0)]


def test_where_nothing_is_built_there_are_no_hours(published):
    tables = published()

    hours = health.hours(tables, DAY)
    assert hours.is_empty()
    assert health.hours_of(hours, health.ALL_TOPICS).is_empty()
    assert health.load_totals(health.loads(tables, DAY)).is_empty()


def test_a_load_adds_up_where_what_landed_is_accounted_for(published):
    tables = published(loads=[load(LISTENS, 0), load(LISTENS, 1, lost=1), load(VIEWS, 0)])
    loads = health.loads(tables, DAY)
    totals = {row["event"]: row for row in health.load_totals(loads).to_dicts()}

    assert loads.filter(~pl.col("adds_up"))["hour"].to_list() == [hour(1)]
    assert not totals[LISTENS]["adds_up"]
    assert (totals[LISTENS]["hours"], totals[LISTENS]["raw_rows"]) == (2, 19)
    assert totals[VIEWS]["adds_up"]


def test_sums_that_agree_by_chance_do_not_add_up(published):
    """One hour has a row too few, another one too many."""
    tables = published(loads=[load(LISTENS, 0, lost=1), load(LISTENS, 1, lost=-1)])

    assert not health.load_totals(health.loads(tables, DAY))["adds_up"].any()


def test_a_fact_adds_up_where_it_has_the_rows_of_raw(published):
    tables = published(
        facts=[("fct_streams", hour(0), 5, 5), ("fct_streams", hour(1), 5, 4),
               ("fct_page_views", hour(0), 3, 3)]
    )  # fmt: skip
    totals = health.fact_totals(health.facts(tables, DAY))

    assert totals.rows() == [("fct_page_views", 1, 3, 3, True), ("fct_streams", 2, 10, 9, False)]
