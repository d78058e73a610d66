import threading
from datetime import timedelta

import duckdb
import pytest

from contracts.errors import ConfigurationError
from contracts.lake import HOUR
from contracts.publication import VIEWS, current
from musicflow_dagster.hours import HourRange, naive
from musicflow_dagster.warehouse.duckdb.accounts import _note_built
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.published_rows import built_hours
from musicflow_dagster.warehouse.duckdb.publishing import Publisher
from musicflow_dagster.warehouse.published import RECONCILIATION, Published
from tests.builders import FIRST_HOUR

STREAMS = Published("marts", "fct_streams", "day", "listened_at", after_hours=1)
USERS = Published("marts", "dim_users")
TABLES = (STREAMS, USERS, *RECONCILIATION)


def hours(first: int, end: int) -> HourRange:
    return HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)


@pytest.fixture
def snapshot(tmp_path):
    return tmp_path / "snapshot"


@pytest.fixture
def warehouse(tmp_path):
    with open_warehouse(tmp_path / "warehouse.duckdb") as connection:
        prepare(connection)
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_streams (stream_key int, listened_at timestamp)")
        connection.execute("create table marts.dim_users (user_key varchar, level varchar)")
        yield connection


def listens_at(connection, *at_hours):
    for hour in at_hours:
        at = naive(FIRST_HOUR + hour * HOUR)
        connection.execute("insert into marts.fct_streams values ($1, $2)", [hour, at])


def publish(connection, snapshot, window=None, tables=TABLES):
    return Publisher(connection, snapshot).publish(tables, window or hours(0, 24))


def read(snapshot, query):
    with duckdb.connect(snapshot / VIEWS, read_only=True) as views:
        return views.sql(query).fetchall()


def days(publication):
    return {file.day: file.path for file in publication.tables["marts.fct_streams"].files}


def test_what_was_published_can_be_read_through_the_views(warehouse, snapshot):
    listens_at(warehouse, 0, 5, 30)
    warehouse.execute("insert into marts.dim_users values ('k', 'free')")
    publish(warehouse, snapshot)

    assert read(snapshot, "select stream_key from marts.fct_streams order by 1") == [
        (0,),
        (5,),
        (30,),
    ]
    assert read(snapshot, "from marts.dim_users") == [("k", "free")]


def test_a_table_without_rows_shows_its_columns(warehouse, snapshot):
    publish(warehouse, snapshot)

    assert read(snapshot, "select stream_key, listened_at from marts.fct_streams") == []


def test_a_row_that_stands_for_its_week_is_written_again_on_its_monday(warehouse, snapshot):
    """Thursday's hour changes this week's Monday and, by its reach, the next one's."""
    weekly = Published("marts", "fct_streams", "day", "listened_at", 0, 168, in_whole_weeks=True)
    mondays = [-240, -72, 96, 264]
    listens_at(warehouse, *mondays)
    publish(warehouse, snapshot, tables=[weekly])
    listens_at(warehouse, *mondays)

    publish(warehouse, snapshot, window=hours(5, 6), tables=[weekly])

    assert read(
        snapshot,
        """
        select stream_key, count(*) from marts.fct_streams group by 1 order by 1
    """,
    ) == [(-240, 1), (-72, 2), (96, 2), (264, 1)]


def test_only_the_days_in_reach_of_the_hours_are_written_again(warehouse, snapshot):
    listens_at(warehouse, 1, 25, 49)
    before = days(publish(warehouse, snapshot))
    listens_at(warehouse, 2, 26, 50)
    after = days(publish(warehouse, snapshot, hours(23, 24)))

    assert [day for day in after if after[day] != before[day]] == ["2026-01-01", "2026-01-02"]
    assert len(read(snapshot, "from marts.fct_streams")) == 5


def test_hours_whose_publish_failed_are_published_with_the_next(warehouse, snapshot, monkeypatch):
    listens_at(warehouse, 1, 25, 49)
    publish(warehouse, snapshot)
    listens_at(warehouse, 2, 26)
    warehouse.execute("update marts.fct_streams set stream_key = 0 where stream_key = 1")
    _note_built(warehouse, hours(1, 3))
    with monkeypatch.context() as broken:
        broken.setattr(Publisher, "_point_to", _killed)
        with pytest.raises(KeyboardInterrupt):
            publish(warehouse, snapshot, hours(1, 3))

    publish(warehouse, snapshot, hours(49, 50))
    assert read(snapshot, "select stream_key from marts.fct_streams order by 1") == [
        (0,), (2,), (25,), (49,),
    ]  # fmt: skip

    before = current(snapshot)
    publish(warehouse, snapshot, hours(49, 50))
    assert days(before)["2026-01-01"] == days(current(snapshot))["2026-01-01"]


def test_a_day_that_lost_its_rows_is_gone(warehouse, snapshot):
    listens_at(warehouse, 1, 25)
    publish(warehouse, snapshot)
    warehouse.execute("delete from marts.fct_streams where stream_key = 25")

    assert list(days(publish(warehouse, snapshot, hours(25, 26)))) == ["2026-01-01"]


def test_a_whole_table_is_written_only_when_its_rows_change(warehouse, snapshot):
    warehouse.execute("insert into marts.dim_users values ('a', 'free'), ('b', 'paid')")
    first = publish(warehouse, snapshot).tables["marts.dim_users"]
    warehouse.execute(
        "create or replace table marts.dim_users as from marts.dim_users order by user_key desc"
    )
    same = publish(warehouse, snapshot).tables["marts.dim_users"]
    warehouse.execute("update marts.dim_users set level = 'paid'")
    changed = publish(warehouse, snapshot).tables["marts.dim_users"]

    assert same == first
    assert changed.files != first.files


def test_a_model_with_a_new_column_is_published_for_all_days(warehouse, snapshot):
    listens_at(warehouse, 1, 25)
    before = days(publish(warehouse, snapshot))
    warehouse.execute("alter table marts.fct_streams add column session_id bigint")
    after = days(publish(warehouse, snapshot, hours(25, 26)))

    assert set(before.values()).isdisjoint(after.values())


def test_the_files_of_the_last_two_publishes_stand_and_no_others(warehouse, snapshot):
    publications = []
    for hour in range(4):
        listens_at(warehouse, hour)
        publications.append(publish(warehouse, snapshot))
    kept = publications[-1].paths() | publications[-2].paths()
    standing = {str(path.relative_to(snapshot)) for path in snapshot.glob("files/**/*.parquet")}

    assert standing == kept


def test_what_a_killed_publish_left_is_removed_and_readers_never_saw_it(
    warehouse, snapshot, monkeypatch
):
    listens_at(warehouse, 1)
    publish(warehouse, snapshot)
    listens_at(warehouse, 30)
    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "_point_to", _killed)
        with pytest.raises(KeyboardInterrupt):
            publish(warehouse, snapshot, hours(30, 31))

    assert len(read(snapshot, "from marts.fct_streams")) == 1
    publication = publish(warehouse, snapshot, hours(0, 2))
    standing = {str(path.relative_to(snapshot)) for path in snapshot.glob("files/**/*-2.parquet")}
    assert standing == {path for path in publication.paths() if path.endswith("-2.parquet")}


def _killed(*_):
    raise KeyboardInterrupt


def test_another_warehouse_is_published_anew(warehouse, snapshot, tmp_path):
    listens_at(warehouse, 1, 25)
    publish(warehouse, snapshot)
    with open_warehouse(tmp_path / "other.duckdb") as other:
        prepare(other)
        publish(other, snapshot, tables=RECONCILIATION)

    assert set(current(snapshot).tables) == {table.name for table in RECONCILIATION}
    assert current(snapshot).number == 2


def test_of_a_table_whose_rows_change_on_any_day_just_the_changed_days_are_written(
    warehouse, snapshot
):
    anywhen = Published("marts", "fct_streams", "day", "listened_at", changes_any_day=True)
    tables = (anywhen, *RECONCILIATION)
    listens_at(warehouse, 0, 30, 60)
    before = days(publish(warehouse, snapshot, tables=tables))
    warehouse.execute("update marts.fct_streams set stream_key = -1 where stream_key = 0")
    warehouse.execute("delete from marts.fct_streams where stream_key = 60")
    listens_at(warehouse, 90)

    after = days(publish(warehouse, snapshot, hours(90, 91), tables))

    first, second, third, fourth = (f"2026-01-0{number}" for number in (1, 2, 3, 4))
    assert set(before) == {first, second, third}
    assert set(after) == {first, second, fourth}
    assert after[first] != before[first]
    assert after[second] == before[second]
    assert read(snapshot, "select stream_key from marts.fct_streams order by 1") == [
        (-1,), (30,), (90,),
    ]  # fmt: skip


def test_a_view_is_published_as_a_view_of_the_published_tables(warehouse, snapshot, tmp_path):
    warehouse.execute(
        "create view marts.a_view as select stream_key, level from warehouse.marts.fct_streams "
        "left join warehouse.marts.dim_users on level = 'free'"
    )
    listens_at(warehouse, 0)
    publish(warehouse, snapshot, tables=(Published("marts", "a_view", "view"), *TABLES))
    listens_at(warehouse, 1)

    (snapshot / VIEWS).rename(tmp_path / "another name.duckdb")
    with duckdb.connect() as reader:
        reader.execute(f"attach '{tmp_path / 'another name.duckdb'}' as theirs (read_only)")
        rows = reader.execute("from theirs.marts.a_view").fetchall()

    assert rows == [(0, None)]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        pytest.param("raw.listen_events", "its columns", id="a raw table"),
        pytest.param("staging.pseudonym_key", "schema staging", id="the key of the pseudonyms"),
        pytest.param("marts.leak", "first_name", id="a personal column"),
    ],
)
def test_nothing_personal_leaves_the_warehouse(warehouse, snapshot, table, complaint):
    warehouse.execute("create table marts.leak (user_key varchar, first_name varchar)")

    with pytest.raises(ConfigurationError, match=complaint):
        publish(warehouse, snapshot, tables=[USERS, Published(*table.split("."))])
    assert current(snapshot) is None


def test_readers_see_whole_publishes_while_new_ones_are_made(warehouse, snapshot):
    """Each publish holds n streams and n users; a mixture of two would show other counts."""
    publish(warehouse, snapshot)
    seen, stop = [], threading.Event()

    def look():
        while not stop.is_set():
            seen.append(
                read(
                    snapshot,
                    "select (select count(*) from marts.fct_streams), "
                    "(select count(*) from marts.dim_users)",
                )[0]
            )

    reader = threading.Thread(target=look)
    reader.start()
    for number in range(12):
        listens_at(warehouse, number)
        warehouse.execute("insert into marts.dim_users values ($1, 'free')", [str(number)])
        publish(warehouse, snapshot)
    stop.set()
    reader.join()

    assert seen
    assert all(streams == users for streams, users in seen)


def test_what_was_built_is_read_from_the_snapshot_as_long_as_the_warehouse_stands(
    warehouse, snapshot, tmp_path
):
    at = FIRST_HOUR + timedelta(hours=3)
    warehouse.execute(
        "insert into reconciliation.built_hours values ('auth_events', $1, 'abc')", [naive(at)]
    )
    publish(warehouse, snapshot)

    assert built_hours(snapshot, tmp_path / "warehouse.duckdb") == {"auth_events": {at: "abc"}}
    assert built_hours(snapshot, tmp_path / "lost.duckdb") == {}
    assert built_hours(tmp_path / "none", tmp_path / "warehouse.duckdb") == {}
