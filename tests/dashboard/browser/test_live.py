"""The live page follows a real Postgres, and outlives it."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, expect
from psycopg.conninfo import make_conninfo

from contracts.postgres import PostgresUrl
from local.postgres import make_database
from streaming.serving.migrate import ready_connection
from tests.dashboard.browser.hostile import HOSTILE_STATE
from tests.dashboard.browser.server import dashboard
from tests.dashboard.browser.visitor import Visitor, visiting

pytestmark = pytest.mark.integration

DATABASE = "looked_at_live"
DOCS = Path(__file__).parents[3] / "docs" / "bi_tools.md"
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
def reader(database: str) -> str:
    """Address of the database for the role that the docs make for readers."""
    [statements] = re.findall(r"```sql\n(create role .*?)```", DOCS.read_text(), re.DOTALL)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statements)
    given = {"user": "musicflow_reader", "password": "choose-one"}  # pragma: allowlist secret
    return make_conninfo(database, **given)


@pytest.fixture(scope="module")
def live(listened: Path, reader: str, tmp_path_factory) -> Iterator[str]:
    log = tmp_path_factory.mktemp("live") / "log"
    with dashboard(listened, log, POSTGRES_URL=reader) as address:
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


@pytest.mark.parametrize("table", ["raw_events", "daily_users", "minute_users", "staging_events"])
def test_the_role_of_the_docs_sees_no_listeners(reader: str, table: str):
    with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute(f"select * from {table}")


def test_the_role_of_the_docs_changes_nothing(reader: str):
    with (
        psycopg.connect(reader) as connection,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        connection.execute("delete from daily_metrics")


def reachable(server: str, *, yes: bool) -> None:
    """Let clients into the database, or turn all away."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"alter database {DATABASE} with allow_connections {yes}")
        if not yes:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
                [DATABASE],
            )
