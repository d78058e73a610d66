"""What the usual projects of this kind get wrong, each by its name, and not here."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import pytest

from contracts.events import EVENTS
from musicflow_dagster.warehouse.duckdb.songs import replace_songs
from tests.builders import Row
from tests.dbt_project.warehouse import Warehouse, happened
from tests.streaming.judging import listen, reasons

pytestmark = pytest.mark.integration

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)
"""A Saturday, the last day of its month."""
MINUTE = timedelta(minutes=1)
YEAR = timedelta(days=365)
FAR_FUTURE = datetime(2030, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC)
STREAMS_WITH_USERS = """
    marts.fct_streams as streams
    left join marts.dim_users as users
        on streams.user_key = users.user_key
        and streams.listened_at >= users.valid_from
        and (users.valid_to is null or streams.listened_at < users.valid_to)
"""


def listens() -> list[Row]:
    """Of the first user, one whose plan changes twice on a day, a guest, over two years."""

    def heard(at: datetime, **changes: object) -> Row:
        return happened("listen_events", at, **{"session_id": 1} | changes)

    return [
        heard(NOON, user_id=0, level="free"),
        heard(NOON + MINUTE, user_id=1, level="free"),
        heard(NOON + 2 * MINUTE, user_id=1, level="paid"),
        heard(NOON + 3 * MINUTE, user_id=1, level="free"),
        heard(NOON + 4 * MINUTE, user_id=None, registered_at=None, session_id=2),
        heard(NOON + 5 * MINUTE, user_id=0, level="paid", song="Nowhere listed", song_id=None),
        heard(NOON - YEAR, user_id=1, level="free"),
        heard(NOON + timedelta(hours=13), user_id=1, level="free"),
        heard(FAR_FUTURE, user_id=1, level="free"),
    ]


@pytest.fixture(scope="module")
def built(dbt_folder: Path) -> Warehouse:
    warehouse = Warehouse(dbt_folder / "genre" / "musicflow.duckdb", dbt_folder / "target")
    warehouse.create()
    warehouse.load("listen_events", listens())
    warehouse.load("music_events", [happened("music_events", NOON - YEAR, user_id=7)])
    listed = pl.DataFrame({"song_id": ["S1"], "artist": ["Nina Simone"], "title": ["Sinnerman"]})
    with duckdb.connect(str(warehouse.path)) as connection:
        replace_songs(connection, listed)
    warehouse.run()
    return warehouse


def test_duplicated_first_user(built: Warehouse):
    """Elsewhere the first user's streams count twice: two rows of the dimension meet them."""
    current = built.rows("""
        select count(*), count(distinct user_key) from marts.dim_users where is_current
    """)
    [(streams, met, plays)] = built.rows(f"""
        select count(*), count(users.user_key), count(distinct stream_key)
        from {STREAMS_WITH_USERS}
    """)
    assert current == [(4, 4)]
    assert (streams, met, plays) == (9, 9, 9)


def test_same_day_plan_change(built: Warehouse):
    """Elsewhere a plan holds for whole days, and the day's streams go to the wrong one."""
    wrong = built.rows(f"""
        select count(*) from {STREAMS_WITH_USERS}
        where streams.level <> users.level and users.user_key <> 'unknown'
    """)
    versions = built.rows("""
        select level, date_diff('minute', valid_from, valid_to) from marts.dim_users
        where valid_from between '2026-02-28' and '2026-03-01' and user_key in
            (select user_key from marts.dim_users group by 1 having count(*) = 3)
        order by valid_from
    """)
    assert wrong == [(0,)]
    assert versions == [("paid", 1), ("free", None)]


def test_unmatched_song_kept(built: Warehouse):
    """Elsewhere a song that the catalogue lacks loses its stream in an inner join."""
    kept = built.rows("""
        select dim_songs.song_title, dim_songs.is_in_catalogue, count(*)
        from marts.fct_streams
        inner join marts.dim_songs on fct_streams.song_key = dim_songs.song_key
        inner join marts.dim_artists on fct_streams.artist_key = dim_artists.artist_key
        group by 1, 2 order by 1
    """)
    assert kept == [("Nowhere listed", False, 1), ("Sinnerman", True, 8)]


def test_rerun_does_not_duplicate(built: Warehouse):
    """Elsewhere an hour that is run again is there twice."""
    before = built.tables("staging", "marts", "reporting")

    built.run_window(NOON, NOON + timedelta(hours=1))

    assert built.tables("staging", "marts", "reporting") == before


def test_two_years_do_not_mix(built: Warehouse):
    """Elsewhere folders and keys have month, day and hour, and no year."""
    hours = built.rows("""
        select hour_key, count(*) from marts.fct_streams
        where hour_key in (2025022812, 2026022812) group by 1 order by 1
    """)
    days = built.rows("""
        select active_on, daily_users from reporting.rpt_active_users
        where active_on in ('2025-02-28', '2026-02-28') order by 1
    """)
    assert hours == [(2025022812, 1), (2026022812, 6)]
    assert [users for _, users in days] == [2, 2]


def test_weekend_flag(built: Warehouse):
    """Elsewhere Sunday is a working day, or Friday none."""
    flags = built.rows("""
        select distinct weekday_name, is_weekend from marts.dim_datetimes where hour_key > 0
    """)
    assert len(flags) == 7
    assert {name for name, is_weekend in flags if is_weekend} == {"Saturday", "Sunday"}
    assert built.rows("""
        select weekday_name from marts.fct_streams inner join marts.dim_datetimes using (hour_key)
        where hour_key = 2026022812 group by 1
    """) == [("Saturday",)]


def test_end_of_the_date_dimension(built: Warehouse):
    """Elsewhere the calendar ends in some year, and the facts after it meet nothing."""
    [(last_hour, hours, keys)] = built.rows("""
        select max(hour_starts_at), count(*), count(distinct hour_key)
        from marts.dim_datetimes where hour_key > 0
    """)
    covered = FAR_FUTURE - (NOON - YEAR)
    lonely = built.rows("""
        select count(*) from marts.fct_streams anti join marts.dim_datetimes using (hour_key)
    """)
    assert last_hour == datetime(2030, 12, 31, 23)  # noqa: DTZ001  stored without a zone
    assert hours == keys == covered // timedelta(hours=1) + 1
    assert lonely == [(0,)]


def test_null_session_ids(built: Warehouse):
    """Elsewhere the schema misspells the field, and every session is null without a word."""
    assert reasons(listen("sessionId")) == ["missing_field:sessionId"]
    assert reasons(listen(sessionId="null")) == ["missing_field:sessionId"]
    assert not any(event["session_id"].nullable for event in EVENTS)
    for fact in ("streams", "page_views", "auth_attempts", "plan_changes", "player_events",
                 "sessions"):  # fmt: skip
        nullable = built.rows(f"""
            select is_nullable from information_schema.columns
            where table_name = 'fct_{fact}' and column_name = 'session_id'
        """)
        assert nullable == [("NO",)], fact


def test_guests_are_no_user(built: Warehouse):
    """Elsewhere whoever is not logged in is user 0, or 1, beside the listener of that number."""
    assert built.rows("""
        select count(*), count(distinct session_id) from marts.fct_streams
        where user_key = 'unknown'
    """) == [(1, 1)]
    assert built.rows("""
        select listeners, guest_streams, streams from reporting.rpt_geography
        where occurred_on = '2026-02-28'
    """) == [(2, 1, 6)]
