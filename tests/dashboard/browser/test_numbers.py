"""The numbers that people read are those of the facts, whatever filters are set."""

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from playwright.sync_api import expect

from contracts.publication import VIEWS
from tests.dashboard.browser.hostile import HOSTILE_STATE
from tests.dashboard.browser.visitor import Visitor
from tests.dashboard.conftest import Visit

pytestmark = pytest.mark.integration

LAST_DAY = "2026-01-01"


class Facts:
    """What SQL on the published facts says, without a table of the dashboard's own."""

    def __init__(self, snapshot: Path) -> None:
        self.views = snapshot / VIEWS

    def ask(self, query: str, *values: Any) -> Any:
        with duckdb.connect(self.views, read_only=True) as views:
            return views.execute(query, values).fetchall()

    def streams(self, day: str, where: str = "true", *values: str) -> tuple[int, int]:
        """Streams of a day and those that were skipped."""
        [found] = self.ask(
            "select count(*), count_if(is_skipped) from marts.wide_streams"
            f" where listened_at::date = '{day}' and {where}",
            *values,
        )
        return found


@pytest.fixture(scope="module")
def facts(listened: Path) -> Facts:
    return Facts(listened / "snapshot")


def shows(visitor: Visitor, label: str, value: int | str) -> None:
    written = f"{value:,}" if isinstance(value, int) else value
    expect(visitor.number(label)).to_have_text(written)


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %"


def test_the_overview_tells_of_the_last_day_what_the_facts_tell(visitor: Visitor, facts: Facts):
    streams, skips = facts.streams(LAST_DAY)
    [[in_total]] = facts.ask("select count(*) from marts.fct_streams")
    [[sessions]] = facts.ask(
        f"select count(*) from marts.fct_sessions where started_at::date = '{LAST_DAY}'"
    )
    everything = " union all ".join(
        f"select user_key, {column} as moment from marts.fct_{fact}"
        for fact, column in {
            "streams": "listened_at",
            "page_views": "viewed_at",
            "auth_attempts": "attempted_at",
            "plan_changes": "changed_at",
            "player_events": "acted_at",
        }.items()
    )
    [[users, of_all_days]] = facts.ask(
        f"select count(distinct user_key) filter (moment::date = '{LAST_DAY}'),"
        f" count(distinct user_key) from ({everything}) where user_key <> 'unknown'"
    )

    visitor.open()

    shows(visitor, "Streams today", streams)
    shows(visitor, "Skip rate today", percent(skips, streams))
    shows(visitor, "Streams in total", in_total)
    shows(visitor, "Sessions today", sessions)
    shows(visitor, "Active users today", users)
    shows(visitor, "Active users, 28 days", of_all_days)


def test_filters_change_the_numbers_and_a_link_brings_the_same_view_to_others(
    visit: Visit, visitor: Visitor, facts: Facts
):
    everywhere, _ = facts.streams(LAST_DAY)
    paid, skips = facts.streams(LAST_DAY, "state = ? and level = 'paid'", HOSTILE_STATE)
    assert 0 < paid < everywhere

    visitor.open()
    shows(visitor, "Streams today", everywhere)
    visitor.choose("state", HOSTILE_STATE)
    visitor.choose("plan", "paid")
    shows(visitor, "Streams today", paid)
    shows(visitor, "Skip rate today", percent(skips, paid))
    visitor.settle()

    with visit() as another:
        another.page.goto(visitor.page.url)
        another.settle()
        shows(another, "Streams today", paid)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        pytest.param({"device": "phone"}, "device_type = 'phone'", id="a device"),
        pytest.param({"state": ["TX", "FL"]}, "state in ('TX', 'FL')", id="two states"),
        pytest.param(
            {"device": "phone", "plan": "free", "state": "TX"},
            "device_type = 'phone' and level = 'free' and state = 'TX'",
            id="all together",
        ),
    ],
)
def test_a_link_with_filters_shows_their_numbers(visitor: Visitor, facts: Facts, url, where):
    streams, _ = facts.streams("2025-12-30", where)

    visitor.open(first="2025-12-29", last="2025-12-30", **url)

    shows(visitor, "Streams today", streams)


def test_what_a_link_asks_for_in_vain_is_said_and_left_out(visitor: Visitor, facts: Facts):
    streams, _ = facts.streams(LAST_DAY)

    visitor.open(first="yesterday", plan="' or 1=1 --", state="<b>", device="toaster", other="x")

    shows(visitor, "Streams today", streams)
    expect(visitor.main).to_contain_text("the data does not have")
    visitor.sees_no_failure()


def test_a_table_is_saved_as_it_is_shown(visitor: Visitor, facts: Facts):
    by_day = facts.ask(
        "select listened_at::date::varchar, count(*) from marts.fct_streams"
        " group by 1 order by 1 desc"
    )

    visitor.open()
    saved = list(csv.DictReader(io.StringIO(visitor.csv("Days").decode())))

    assert [(row["day"], int(row["streams"])) for row in saved] == by_day
    expect(visitor.cells().first).to_have_text(by_day[0][0])


def test_charts_rank_songs_by_their_plays(visitor: Visitor, facts: Facts):
    top = facts.ask(
        "select song_title, artist_name, count(*) from marts.wide_streams"
        " where song_title is not null group by all order by 3 desc, 1, 2 limit 3"
    )

    visitor.open("charts")
    saved = list(csv.DictReader(io.StringIO(visitor.csv("Top songs").decode())))

    plays = [int(row["plays"]) for row in saved]
    assert plays[:3] == [count for _, _, count in top]
    assert plays == sorted(plays, reverse=True)


def test_a_number_leads_to_its_definition(visitor: Visitor):
    visitor.open()
    visitor.link("Active users today").click()

    expect(visitor.main.get_by_role("heading", name="Dictionary", exact=True)).to_be_visible()
    expect(visitor.main).to_contain_text("reporting.rpt_active_users")
    expect(visitor.main).to_contain_text("daily_users")
    visitor.settle()
    visitor.sees_no_failure()
