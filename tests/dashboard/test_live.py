"""Live counts: read from a real Postgres by a connection that can only read."""

import socket
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from contracts import serving
from contracts.errors import UnavailableError
from contracts.lake import live_path
from contracts.live import LiveCounts, write_live
from contracts.postgres import PostgresUrl
from contracts.store import open_store
from dashboard.data import live
from dashboard.data.live import PostgresCounts
from dashboard.data.postgres import looking, rows
from dashboard.pages.live import source_of
from dashboard.settings import Settings
from streaming.serving.migrate import ready_connection
from tests.builders import LakeBuilder

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment says nothing of where things are."""
    for name in ("POSTGRES_URL", "MUSICFLOW_LAKE", "MUSICFLOW_HOME"):
        monkeypatch.delenv(name, raising=False)


def minute(number: int, event_type: str, region: str, events: int) -> tuple:
    return (NOON + number * MINUTE, event_type, region, events, 1, False)


INTO_MINUTES = (
    "insert into minute_metrics (window_start, event_type, region, events, users, is_final)"
)
INTO_DAYS = "insert into daily_metrics (day, event_type, region, events, users)"
MINUTES = [
    minute(0, "play", "CA", 5),
    minute(2, "play", "CA", 7),
    minute(2, "skip", "NY", 1),
    minute(-60, "play", "TX", 9),
]
FRAME = pl.DataFrame(
    MINUTES[:3],
    schema=["window_start", "event_type", "region", "events", "users", "is_final"],
    orient="row",
)


@pytest.fixture
def counted(postgres: PostgresUrl) -> PostgresUrl:
    """A server with our tables and some counts."""
    with ready_connection(postgres) as connection, connection.cursor() as cursor:
        cursor.executemany(f"{INTO_MINUTES} values (%s, %s, %s, %s, %s, %s)", MINUTES)
        cursor.execute(f"{INTO_DAYS} values ('2026-01-01', 'play', 'CA', 12, 2)")
        cursor.execute(f"{INTO_DAYS} values ('2025-12-01', 'play', 'CA', 1, 1)")
        cursor.execute(
            "insert into serving_batches (writer, batch, kind, events, inserted, duplicates,"
            " rejected, committed_at) values ('w', 1, 'stream', 22, 22, 0, 0, %s)",
            [NOON],
        )
    return postgres


@pytest.mark.integration
def test_the_last_minutes_and_days_are_read_newest_first(counted):
    found = PostgresCounts(counted).read(minutes=30)

    assert found.minutes.columns == FRAME.columns
    assert found.minutes["window_start"].to_list() == [NOON + 2 * MINUTE] * 2 + [NOON]
    assert found.days is not None
    assert found.days["events"].to_list() == [12]
    assert (found.newest, found.updated_at) == (NOON + 2 * MINUTE, NOON)
    assert PostgresCounts(counted).read(minutes=180).minutes.height == 4


@pytest.mark.integration
def test_nothing_can_be_written_through_the_page_s_connection(counted):
    with pytest.raises(UnavailableError, match="read-only"), looking(counted) as connection:
        connection.execute("delete from minute_metrics")

    assert PostgresCounts(counted).read(minutes=180).minutes.height == 4


@pytest.mark.integration
def test_a_value_is_no_part_of_the_statement(counted):
    with looking(counted) as connection:
        hostile = "CA' or 'a' = 'a"
        found = rows(connection, serving.MINUTE_METRICS, "region = %(region)s", region=hostile)

    assert found.is_empty()


@pytest.mark.integration
def test_a_server_without_our_tables_says_what_to_do(postgres):
    with pytest.raises(UnavailableError, match="python -m streaming migrate"):
        PostgresCounts(postgres).read(minutes=30)


@pytest.mark.integration
def test_empty_tables_are_no_error(postgres):
    with ready_connection(postgres):
        pass
    found = PostgresCounts(postgres).read(minutes=30)

    assert found.minutes.is_empty()
    assert found.updated_at is None


@pytest.mark.integration
def test_a_query_that_takes_too_long_is_given_up(counted, monkeypatch):
    monkeypatch.setattr("dashboard.data.postgres.LONGEST_QUERY", "50ms")

    with pytest.raises(UnavailableError, match="timeout"), looking(counted) as connection:
        connection.execute("select pg_sleep(60)")


def test_a_server_that_is_away_is_told_without_its_password(unused_tcp_port):
    password = "hush-hush"  # pragma: allowlist secret
    url = PostgresUrl(f"postgresql://me:{password}@127.0.0.1:{unused_tcp_port}/music")

    with pytest.raises(UnavailableError) as told:
        PostgresCounts(url).read(minutes=30)
    assert password not in str(told.value)


@pytest.fixture
def unused_tcp_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_counts_of_each_minute_have_zeros_for_quiet_ones():
    assert live.by_type(FRAME).rows() == [
        (NOON, "play", 5),
        (NOON, "skip", 0),
        (NOON + MINUTE, "play", 0),
        (NOON + MINUTE, "skip", 0),
        (NOON + 2 * MINUTE, "play", 7),
        (NOON + 2 * MINUTE, "skip", 1),
    ]
    assert live.by_type(FRAME.clear()).is_empty()


@pytest.mark.parametrize(
    ("types", "regions", "events"),
    [([], [], 13), (["skip"], [], 1), ([], ["CA"], 12), (["skip"], ["CA"], 0)],
    ids=["all", "a kind of action", "a region", "both"],
)
def test_counts_are_chosen_by_action_and_region(types, regions, events):
    assert live.chosen(FRAME, types, regions)["events"].sum() == events


def test_regions_with_most_events_come_first():
    assert live.by_region(FRAME, most=1).rows() == [("CA", 12)]


def test_live_counts_come_from_postgres_where_one_is_named():
    assert source_of(Settings(POSTGRES_URL="postgresql://h/music")) == PostgresCounts(
        PostgresUrl("postgresql://h/music")
    )


@pytest.fixture
def in_the_lake(tmp_path):
    """Settings of a lake that holds the counts, without a Postgres."""
    store = LakeBuilder(tmp_path / "lake").store
    write_live(store, LiveCounts(FRAME, NOON))
    return Settings(home=tmp_path)


def test_without_postgres_they_come_from_the_lake(in_the_lake):
    source = source_of(in_the_lake)
    assert source is not None
    found = source.read(minutes=2)

    assert found.minutes.sort("region").rows() == [MINUTES[1], MINUTES[2]]
    assert found.days is None
    assert found.updated_at == NOON
    assert source.read(minutes=3).minutes.height == 3


def test_counts_that_have_gone_from_the_lake_are_told(in_the_lake):
    source = source_of(in_the_lake)
    assert source is not None
    open_store(in_the_lake.lake).delete(live_path("music_events"))

    with pytest.raises(UnavailableError, match="MUSICFLOW_LIVE"):
        source.read(minutes=2)


def test_without_any_place_for_them_there_are_no_live_counts(tmp_path):
    assert source_of(Settings(home=tmp_path)) is None
