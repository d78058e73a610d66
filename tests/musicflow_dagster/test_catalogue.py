"""The catalogue of songs: loaded from the configured file, and again whenever that changes."""

import os

import dagster as dg
import duckdb
import pytest

from contracts.errors import ConfigurationError
from musicflow_dagster.assets.catalogue import COLUMN_SCHEMA, songs_asset
from musicflow_dagster.automation.catalogue import catalogue_sensor
from musicflow_dagster.resources import warehouse_resource
from musicflow_dagster.songs import read_songs

TWO_SONGS = "artist,title,duration\nNina Simone,Sinnerman,622.5\nBjörk,Jóga,305\n"
NOTHING_MORE = (None, None, None, None, None)
"""What the file does not tell of a song: album, year, tempo, loudness, hotness."""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "songs.csv"
    path.write_text(TWO_SONGS)
    return path


@pytest.fixture
def with_songs(settings, file):
    return settings.model_copy(update={"songs": file})


@pytest.fixture
def load(instance):
    def run(settings):
        resources = {"warehouse": warehouse_resource(settings)}
        asset = songs_asset(settings)
        return dg.materialize([asset], instance=instance, resources=resources, raise_on_error=False)

    return run


def test_the_files_songs_stand_in_the_warehouse(with_songs, load):
    result = load(with_songs)
    [event] = result.asset_materializations_for_node("catalogue__songs")
    with duckdb.connect(with_songs.warehouse) as warehouse:
        rows = warehouse.sql("from catalogue.songs order by all")
        columns = rows.columns
        songs = rows.fetchall()

    assert songs == [
        ("S0000001", "Nina Simone", "Sinnerman", 622.5, 1.0, *NOTHING_MORE),
        ("S0000002", "Björk", "Jóga", 305.0, 1.0, *NOTHING_MORE),
    ]
    assert columns == [column.name for column in COLUMN_SCHEMA.columns]
    assert event.metadata["dagster/row_count"].value == 2


def test_quotes_within_quotes_are_read_as_the_million_song_dataset_writes_them(tmp_path):
    path = tmp_path / "songs.csv"
    path.write_text(
        'artist,title,duration\nTchaikovsky,"Overture \\"1812\\", live",904.8\n'
        'Weird Al,"The ""Brady Bunch""",158.1\n'
    )
    assert read_songs(path)["title"].to_list() == ['Overture "1812", live', 'The "Brady Bunch"']


def test_a_new_file_takes_the_place_of_the_old(with_songs, load, file):
    load(with_songs)
    file.write_text(
        "song_id,song,artist_name,duration_seconds,plays,release,year,tempo,loudness\n"
        "T1,Jóga,Björk,305,7,Homogenic,1997,nan,soft\n"
    )
    load(with_songs)
    with duckdb.connect(with_songs.warehouse) as warehouse:
        songs = warehouse.sql("from catalogue.songs").fetchall()

    assert songs == [("T1", "Björk", "Jóga", 305.0, 7.0, "Homogenic", 1997.0, None, None, None)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("artist,title\na,b\n", "row 1: no column duration", id="a column is missing"),
        pytest.param(TWO_SONGS + "a,b,long\n", "row 4: column duration", id="no number"),
        pytest.param(TWO_SONGS + "a,b,nan\n", "row 4: column duration", id="NaN"),
        pytest.param(
            "song_id,artist,title,duration\nT,a,b,1\nT,c,d,2\n",
            "row 3: its song_id",
            id="an id twice",
        ),
        pytest.param("", "no CSV file", id="empty"),
    ],
)
def test_a_wrong_file_is_one_clear_error(file, text, problem):
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=problem):
        read_songs(file)


def test_a_file_that_is_not_in_utf_8_is_one_clear_error(file):
    file.write_bytes(TWO_SONGS.encode("latin-1"))

    with pytest.raises(ConfigurationError, match="in UTF-8"):
        read_songs(file)


def test_songs_without_a_name_are_left_out_and_the_others_keep_their_ids(file):
    file.write_text("artist,title,duration\n,x,1\nBjörk,Jóga,305\n")

    assert read_songs(file)["song_id"].to_list() == ["S0000002"]


def test_without_a_file_the_asset_says_what_to_set(settings, load):
    [failure] = load(settings).filter_events(lambda event: event.is_step_failure)

    assert "set MUSICFLOW_SONGS" in failure.step_failure_data.user_failure_data.description


def test_it_is_loaded_once_and_again_when_the_file_changes_also_back(with_songs, file):
    def tick(cursor):
        return catalogue_sensor(with_songs)(dg.build_sensor_context(cursor=cursor))

    first = tick(None)
    same = tick(first.cursor)
    os.utime(file, (1, 1))
    changed = tick(first.cursor)
    os.utime(file, (2, 2))
    back = tick(changed.cursor)

    assert "has not changed" in same.skip_message
    assert [len(each.run_requests) for each in (first, changed, back)] == [1, 1, 1]
    assert [request.run_key for request in (*first.run_requests, *back.run_requests)] == [None] * 2


@pytest.mark.parametrize("name", [None, "nowhere.csv"], ids=["no file is set", "it is not there"])
def test_without_a_file_nothing_is_asked_for(settings, tmp_path, name):
    songs = tmp_path / name if name else None
    found = catalogue_sensor(settings.model_copy(update={"songs": songs}))(
        dg.build_sensor_context()
    )

    assert "MUSICFLOW_SONGS" in found.skip_message
