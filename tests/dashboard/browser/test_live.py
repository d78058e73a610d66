"""The live page follows a real Postgres, and outlives it."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect

from contracts.postgres import PostgresUrl
from local.postgres import make_database
from streaming.serving.migrate import ready_connection
from tests.dashboard.browser.hostile import HOSTILE_STATE
from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.integration

DATABASE = "looked_at_live"
EVENTS = "Events in these minutes"


@pytest.fixture(scope="module")
def database(postgres_server: str) -> str:
    """Address of a database with the serving tables, and two minutes in them."""
    make_database(postgres_server, DATABASE)
    address = postgres_server.replace("/musicflow?", f"/{DATABASE}?")
    ready_connection(PostgresUrl(address)).close()
    count(address, "2026-01-01 12:00", "play", "ID", events=1200)
    count(address, "2026-01-01 12:01", "skip", HOSTILE_STATE, events=34)
    return address


@pytest.fixture(scope="module")
def live(listened: Path, database: str, tmp_path_factory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("live") / "log"
    with dashboard(listened, log, POSTGRES_URL=database) as address:
        yield address


@pytest.fixture
def visitor(browser: Browser, live: str) -> Iterator[Visitor]:
    with visiting(browser, live) as visitor:
        visitor.open("live")
        yield visitor


def count(address: str, minute: str, event_type: str, region: str, events: int) -> None:
    """Count events of a minute, as the serving query does."""
    with psycopg.connect(address) as connection:
        connection.execute(
            "insert into minute_metrics (window_start, event_type, region, events, users, is_final)"
            " values (%s::timestamp at time zone 'UTC', %s, %s, %s, 1, false)",
            [minute, event_type, region, events],
        )


def test_the_page_refreshes_itself_when_minutes_change(visitor: Visitor, database: str):
    expect(visitor.number(EVENTS)).to_have_text("1,234")
    expect(visitor.cells().get_by_text(HOSTILE_STATE, exact=True).first).to_be_attached()

    count(database, "2026-01-01 12:02", "play", "TX", events=1000)

    expect(visitor.number(EVENTS)).to_have_text("2,234")
    expect(visitor.cells().get_by_text("TX", exact=True).first).to_be_attached()
    visitor.sees_no_failure()


def test_a_postgres_that_goes_away_is_said_calmly_and_its_return_is_noticed(
    visitor: Visitor, postgres_server: str
):
    expect(visitor.number(EVENTS)).to_be_visible()

    reachable(postgres_server, yes=False)
    expect(visitor.main).to_contain_text("Live counts can't be read now")
    shown = visitor.main.inner_text()
    assert "Traceback" not in shown
    assert "psycopg" not in shown

    reachable(postgres_server, yes=True)
    expect(visitor.number(EVENTS)).to_be_visible()
    expect(visitor.main).not_to_contain_text("Live counts can't be read now")


def reachable(server: str, *, yes: bool) -> None:
    """Let clients into the database, or turn all away."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {DATABASE} with allow_connections {yes}")
        if not yes:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [DATABASE],
            )
