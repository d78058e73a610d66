"""What the models say: each listen once, plans to the millisecond, unknowns by name."""

from datetime import timedelta

import duckdb
import pytest

from tests.dbt_project.warehouse import Warehouse, happened, hour

pytestmark = pytest.mark.integration

MILLISECOND = timedelta(milliseconds=1)


def test_a_mixed_hour_passes_every_test_of_the_project(warehouse: Warehouse):
    """Also the unit tests, and the enforced contracts."""
    at = hour(0)
    warehouse.load(
        "listen_events",
        [
            happened("listen_events", at, "a"),
            happened("listen_events", at, "b", user_id=None, city="", state=""),
            happened("listen_events", at, "c", song="", artist="", song_id=None),
        ],
    )
    warehouse.load("page_view_events", [happened("page_view_events", at + MILLISECOND)])
    warehouse.load("auth_events", [happened("auth_events", at, auth=None)])
    warehouse.load("status_change_events", [happened("status_change_events", at)])
    warehouse.load("music_events", [happened("music_events", at, region="")])

    result = warehouse.dbt("build")

    assert result.success, warehouse.messages[-20:]


def test_an_empty_warehouse_builds_with_the_unknown_members_only(warehouse: Warehouse):
    warehouse.run()

    filled = {name: len(rows) for name, rows in warehouse.tables("marts", "reporting").items()}
    assert {name: count for name, count in filled.items() if count} == {
        "marts.dim_users": 1,
        "marts.dim_songs": 1,
        "marts.dim_artists": 1,
        "marts.dim_locations": 1,
        "marts.dim_devices": 1,
        "marts.dim_datetimes": 1,
    }


def test_no_listen_is_lost_whatever_is_missing_in_it(warehouse: Warehouse):
    holes = [{}, {"user_id": None}, {"song": ""}, {"artist": " "}, {"song_id": None}, {"city": ""}]
    warehouse.load(
        "listen_events",
        [happened("listen_events", hour(0), f"{n}", **hole) for n, hole in enumerate(holes)],
    )
    warehouse.run()

    joined = warehouse.rows("""
        select count(*)
        from marts.fct_streams
        inner join marts.dim_users using (user_key)
        inner join marts.dim_songs using (song_key)
        inner join marts.dim_artists on fct_streams.artist_key = dim_artists.artist_key
        inner join marts.dim_locations on fct_streams.location_key = dim_locations.location_key
        inner join marts.dim_datetimes using (hour_key)
        where dim_users.is_current
    """)
    assert joined == [(len(holes),)]


def test_a_plan_holds_from_the_first_millisecond_that_shows_it(warehouse: Warehouse):
    """Also when the change happens within an hour, and back again in the next."""
    seen = [("free", hour(0)), ("free", hour(0) + MILLISECOND), ("paid", hour(0) + 2 * MILLISECOND),
            ("paid", hour(1)), ("free", hour(1) + MILLISECOND)]  # fmt: skip
    warehouse.load(
        "listen_events",
        [happened("listen_events", at, level=level, item_in_session=n)
         for n, (level, at) in enumerate(seen)],
    )  # fmt: skip
    warehouse.run(select="+dim_users")

    versions = warehouse.rows("""
        select level, valid_from, valid_to from marts.dim_users
        where user_key <> 'unknown' order by valid_from
    """)
    paid, free_again = (seen[2][1].replace(tzinfo=None), seen[4][1].replace(tzinfo=None))
    assert versions == [
        ("free", hour(0).replace(tzinfo=None), paid),
        ("paid", paid, free_again),
        ("free", free_again, None),
    ]


def test_each_listen_meets_the_version_that_has_its_own_level(warehouse: Warehouse):
    moments = [hour(0) + timedelta(minutes=7 * each) for each in range(25)]
    warehouse.load(
        "listen_events",
        [
            happened("listen_events", at, user_id=n % 3, level="paid" if n % 5 < 2 else "free")
            for n, at in enumerate(moments)
        ],
    )
    warehouse.run(select="+dim_users +fct_streams")

    met = warehouse.rows("""
        select count(*), count(*) filter (dim_users.level = fct_streams.level)
        from marts.fct_streams
        inner join marts.dim_users
            on fct_streams.user_key = dim_users.user_key
            and fct_streams.listened_at >= dim_users.valid_from
            and (dim_users.valid_to is null or fct_streams.listened_at < dim_users.valid_to)
    """)
    assert met == [(25, 25)]


def test_a_misread_artist_is_one_artist(warehouse: Warehouse):
    warehouse.load(
        "listen_events",
        [
            happened("listen_events", hour(0), "misread", artist="BjÃ¶rk", song_id=None),
            happened("listen_events", hour(0), "right", artist="Björk", song_id=None),
        ],
    )
    warehouse.run(select="+rpt_top_artists +dim_songs")

    assert warehouse.rows("""
        select artist_name, plays from reporting.rpt_top_artists where period = 'day'
    """) == [("Björk", 2)]
    assert warehouse.rows("select count(*) from marts.dim_songs") == [(2,)]


def test_hours_without_events_stand_with_zeros_between_others(warehouse: Warehouse):
    warehouse.load("music_events", [happened("music_events", hour(n)) for n in (0, 3)])
    warehouse.run(select="+rpt_hourly_activity")

    activity = warehouse.rows("""
        select player_actions, streams from reporting.rpt_hourly_activity order by hour_starts_at
    """)
    assert activity == [(1, 0), (0, 0), (0, 0), (1, 0)]


def test_a_table_that_lost_its_pseudonym_key_is_never_filled_with_guests(
    warehouse: Warehouse,
):
    warehouse.create(key=None)
    warehouse.load("listen_events", [happened("listen_events", hour(0))])

    result = warehouse.dbt("run", "--select", "+fct_streams")

    assert not result.success
    with pytest.raises(duckdb.CatalogException):
        warehouse.rows("select * from marts.fct_streams")
