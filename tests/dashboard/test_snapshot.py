"""Published tables are read as one consistent set, whatever is published meanwhile."""

from dataclasses import replace
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from contracts.errors import LakeError, UnavailableError
from contracts.publication import PublishedTable, current, encode
from dashboard.data.snapshot import SnapshotTables
from dashboard.data.tables import NotPublishedError
from tests.dashboard.published import BUILT, publish

SONGS = "reporting.rpt_song_plays"
BUILT_HOURS = "reconciliation.built_hours"
COUNT = f"select count(*) from {SONGS}"


def songs(plays: int) -> pl.DataFrame:
    return pl.DataFrame({"song_title": [f"song {number}" for number in range(plays)]})


def test_a_publication_tells_its_number_and_how_far_it_reaches(tmp_path):
    publish(tmp_path, {BUILT_HOURS: BUILT}, number=7)

    publication = SnapshotTables(tmp_path).newest().publication

    assert publication.number == 7
    assert publication.first_hour == datetime(2026, 1, 1, tzinfo=UTC)
    assert publication.last_hour == datetime(2026, 1, 2, 5, tzinfo=UTC)


def test_values_are_parameters_and_never_part_of_a_query(tmp_path):
    publish(tmp_path, {SONGS: pl.DataFrame({"song_title": ["'; drop table songs; --", "b"]})})
    tables = SnapshotTables(tmp_path).newest()

    found = tables.rows(
        f"select song_title from {SONGS} where song_title = $title", title="'; drop table songs; --"
    )

    assert found["song_title"].to_list() == ["'; drop table songs; --"]


def test_without_a_publication_it_says_that_nothing_was_published(tmp_path):
    with pytest.raises(NotPublishedError):
        SnapshotTables(tmp_path).newest()


def test_a_table_that_is_not_published_yet_is_told_from_a_damaged_one(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    tables = SnapshotTables(tmp_path).newest()

    with pytest.raises(NotPublishedError, match="musicflow build"):
        tables.rows("select * from reporting.rpt_of_tomorrow")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.unlink(), id="gone"),
        pytest.param(lambda file: file.write_bytes(file.read_bytes()[:20]), id="cut off"),
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
    ],
)
@pytest.mark.parametrize("was_open", [True, False])
def test_a_damaged_file_is_told_calmly_and_leaves_other_tables_readable(tmp_path, damage, was_open):
    publish(tmp_path, {SONGS: songs(3), "reporting.rpt_sessions": songs(2)})
    snapshot = SnapshotTables(tmp_path)
    if was_open:
        snapshot.open()
    damage(tmp_path / "files/reporting/rpt_song_plays/all-1.parquet")
    tables = snapshot.newest()

    with pytest.raises(LakeError, match="gone or damaged") as told:
        tables.rows(COUNT)

    assert not isinstance(told.value, NotPublishedError)
    assert "Error" not in str(told.value)
    assert tables.rows("select count(*) from reporting.rpt_sessions").item() == 2


def test_of_a_table_kept_by_day_only_the_files_of_the_days_asked_are_opened(tmp_path):
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)]
    publish(tmp_path, {SONGS: pl.DataFrame({"listened_on": days})}, day="listened_on")
    tables = SnapshotTables(tmp_path).newest()
    (tmp_path / "files/reporting/rpt_song_plays/2026-01-01-1.parquet").write_bytes(b"damaged")
    query = f"select s.listened_on from {SONGS} as s where s.listened_on >= $first order by 1"

    found = tables.rows(query, (days[1], days[2]), first=days[1])
    none = tables.rows(query, (date(2027, 1, 1), date(2027, 1, 2)), first=date(2027, 1, 1))

    assert found["listened_on"].to_list() == days[1:]
    assert none.is_empty()
    with pytest.raises(LakeError, match="damaged"):
        tables.rows(query, first=days[0])


def test_a_pointer_that_is_no_record_is_told_calmly(tmp_path):
    (tmp_path / "current.json").write_text("{")

    with pytest.raises(LakeError, match="cannot be read"):
        SnapshotTables(tmp_path).newest()


def test_a_query_that_wants_too_much_memory_is_not_told_as_damage(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    opened = SnapshotTables(tmp_path).open()

    found = opened._problem(duckdb.OutOfMemoryException("no"))
    of_files = opened._problem(duckdb.IOException("Too many open files"))

    assert isinstance(found, UnavailableError)
    assert isinstance(of_files, UnavailableError)


def test_a_view_of_the_record_can_write_no_file(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    leak = tmp_path.parent / "leak.csv"
    publication = current(tmp_path)
    publication.tables["reporting.leak"] = PublishedTable(
        (), (), view=f"copy (select 42) to '{leak}'"
    )
    (tmp_path / "current.json").write_bytes(encode(publication))

    SnapshotTables(tmp_path).open()

    assert not leak.exists()


def test_a_record_of_a_newer_format_is_refused(tmp_path):
    publication = publish(tmp_path, {SONGS: songs(1)})
    (tmp_path / "current.json").write_bytes(encode(replace(publication, format=99)))

    with pytest.raises(LakeError, match="newer MusicFlow"):
        SnapshotTables(tmp_path).newest()


def test_the_next_page_view_sees_what_was_published_meanwhile(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    snapshot = SnapshotTables(tmp_path)
    view = snapshot.newest()
    publish(tmp_path, {SONGS: songs(2)}, number=2)

    assert view.rows(COUNT).item() == 1
    assert snapshot.newest().rows(COUNT).item() == 2


def test_a_view_whose_files_were_removed_goes_on_with_the_newest(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    snapshot = SnapshotTables(tmp_path)
    view = snapshot.newest()
    publish(tmp_path, {SONGS: songs(2)}, number=2)
    (tmp_path / "files/reporting/rpt_song_plays/all-1.parquet").unlink()

    assert view.rows(COUNT).item() == 2
    assert view.publication.number == 2


def test_a_publication_is_opened_once_and_its_answers_are_kept(tmp_path):
    publish(tmp_path, {SONGS: songs(1)})
    snapshot = SnapshotTables(tmp_path)

    assert snapshot.open() is snapshot.open()
    assert snapshot.newest().rows(COUNT) is snapshot.newest().rows(COUNT)


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("select * from read_csv('/etc/passwd')", id="another file"),
        pytest.param("copy (select 1) to '/tmp/musicflow-leak.csv'", id="writing a file"),
        pytest.param("set enable_external_access = true", id="opening up"),
    ],
)
def test_the_connection_can_do_nothing_but_read_the_snapshot(tmp_path, query):
    publish(tmp_path, {SONGS: songs(1)})
    tables = SnapshotTables(tmp_path).newest()

    with pytest.raises(Exception, match=r"(?i)permission|disabled|locked|damaged|cannot"):
        tables.rows(query)
