"""The file of the DuckDB warehouse written anew: nothing of what was deleted stays of it."""

import shutil

import duckdb
import pytest

from musicflow_dagster.warehouse.duckdb.erasing import rewrite
from tests.musicflow_dagster.forgetting import places_of

DELETED = "Zerubbabela Quixworthy"


@pytest.fixture
def linked(tmp_path):
    """A link to a warehouse on another volume, of which a row was deleted."""
    (tmp_path / "volume").mkdir()
    link = tmp_path / "home.duckdb"
    link.symlink_to(tmp_path / "volume" / "musicflow.duckdb")
    with duckdb.connect(link) as connection:
        connection.execute(
            "create table listeners as select 'Other' || range as name from range(9)"
        )
        connection.execute("insert into listeners values ($1)", [DELETED])
    with duckdb.connect(link) as connection:
        connection.execute("delete from listeners where name = $1", [DELETED])
    return link


def test_a_link_stays_and_the_file_it_names_is_replaced(tmp_path, linked):
    rewrite(linked)

    assert linked.is_symlink()
    assert places_of(tmp_path, DELETED.encode()) == []
    with duckdb.connect(linked, read_only=True) as connection:
        assert connection.sql("select count(*) from listeners").fetchall() == [(9,)]


def test_room_is_looked_for_where_the_file_is(tmp_path, linked, monkeypatch):
    asked = []
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr("shutil.disk_usage", lambda path: asked.append(path) or usage)
    rewrite(linked)

    assert asked == [tmp_path / "volume"]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_the_new_file_is_readable_for_the_same_people(linked, mode):
    linked.chmod(mode)
    rewrite(linked)

    assert linked.stat().st_mode & 0o777 == mode
