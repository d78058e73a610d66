"""What the classic eventsim wrote, through dbt: the numbers are those of its own files."""

from pathlib import Path

import duckdb
import polars as pl
import pytest

from contracts.events import EVENTS
from musicflow_dagster.songs import read_songs
from musicflow_dagster.warehouse.duckdb.songs import replace_songs
from tests.builders import Row
from tests.dbt_project.agreement import assert_agrees
from tests.dbt_project.reference.tables import reference
from tests.dbt_project.simulated import landed
from tests.dbt_project.warehouse import PSEUDONYM_KEY, Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.shared]

LISTENS = 30_012
DESCRIBED_BY_THE_CATALOGUE = {"marts.dim_songs", "marts.dim_artists", "marts.wide_streams"}
"""Of which the reference knows nothing."""


@pytest.fixture(scope="module")
def events(shared_data: Path) -> dict[str, list[Row]]:
    folder = shared_data / "eventsim/classic-output"
    return {event.name: list(landed(event, folder)) for event in EVENTS[:4]}


@pytest.fixture(scope="module")
def classic(events: dict[str, list[Row]], dbt_folder: Path, shared_data: Path) -> Warehouse:
    """Its events in raw, the songs it chose from, and the whole project built on them."""
    warehouse = Warehouse(dbt_folder / "classic" / "musicflow.duckdb", dbt_folder / "target")
    warehouse.create()
    warehouse.fill(events)
    with duckdb.connect(str(warehouse.path)) as connection:
        replace_songs(connection, read_songs(shared_data / "msd/songs.csv"))
    warehouse.run()
    return warehouse


@pytest.fixture(scope="module")
def listens(shared_data: Path) -> pl.DataFrame:
    """The file itself, its artists' and songs' letters as they were meant."""
    file = pl.read_ndjson(shared_data / "eventsim/classic-output/listen_events.json.gz")
    read_again = pl.col("artist", "song").map_elements(_read_again, return_dtype=pl.String)
    return file.with_columns(read_again, day=pl.from_epoch("ts", "ms").dt.date())


def _read_again(text: str) -> str:
    """UTF-8 that was read as Latin-1, as it was meant; else as it is."""
    try:
        return text.encode("latin-1").decode().strip()
    except UnicodeError:
        return text.strip()


def test_each_listen_of_the_classic_simulator_is_one_stream(
    classic: Warehouse, listens: pl.DataFrame
):
    [(streams, keys, users, seconds)] = classic.rows("""
        select
            count(*), count(distinct stream_key), count(distinct nullif(user_key, 'unknown')),
            sum(duration_seconds)
        from marts.fct_streams
    """)
    assert (streams, keys, users) == (LISTENS, LISTENS, listens["userId"].n_unique())
    assert seconds == pytest.approx(listens["duration"].sum(), rel=1e-12)


def test_no_listen_is_lost_to_a_dimension(classic: Warehouse):
    assert classic.rows("""
        select count(*)
        from marts.fct_streams as streams
        inner join marts.dim_songs using (song_key)
        inner join marts.dim_artists on streams.artist_key = dim_artists.artist_key
        inner join marts.dim_locations on streams.location_key = dim_locations.location_key
        inner join marts.dim_devices using (device_key)
        inner join marts.dim_datetimes using (hour_key)
        inner join marts.dim_users as users
            on streams.user_key = users.user_key
            and streams.listened_at >= users.valid_from
            and (users.valid_to is null or streams.listened_at < users.valid_to)
    """) == [(LISTENS,)]
    assert classic.rows("select count(*) from marts.wide_streams") == [(LISTENS,)]


def test_songs_are_played_as_often_as_in_the_file(classic: Warehouse, listens: pl.DataFrame):
    counted = listens.group_by("day", "song", "artist").len().rows()

    played = classic.rows("""
        select listened_on, song_title, artist_name, plays from reporting.rpt_song_plays
    """)
    [(most,)] = classic.rows("""
        select max(plays) from reporting.rpt_top_songs where period = 'day' and song_rank = 1
    """)

    assert sorted(played) == sorted(counted)
    assert most == max(plays for *_, plays in counted)


def test_the_most_played_artists_are_those_of_the_file(classic: Warehouse, listens: pl.DataFrame):
    counted = listens.group_by("day", "artist").len()
    first = (
        counted.sort("len", "artist", descending=[True, False])
        .group_by("day", maintain_order=True)
        .head(100)
    )
    charts = classic.rows("""
        select period_starts_on, artist_name, plays from reporting.rpt_top_artists
        where period = 'day' order by period_starts_on, artist_rank
    """)
    assert charts == first.sort("day", maintain_order=True).rows()


def test_states_have_the_listens_of_the_file(classic: Warehouse, listens: pl.DataFrame):
    counted = listens.group_by("day", "state").len().rows()
    streams = classic.rows("""
        select occurred_on, state, streams from reporting.rpt_geography where streams > 0
    """)
    assert sorted(streams) == sorted(counted)


def test_the_catalogue_knows_nearly_all_songs_that_were_played(classic: Warehouse):
    """The simulator chose from it; what is not found again is spelled otherwise there."""
    [(known, of_songs)] = classic.rows("""
        select count(*) filter (is_in_catalogue), count(*) from marts.dim_songs
        where first_heard_at is not null
    """)
    assert known / of_songs > 0.9


def test_every_table_is_the_references(classic: Warehouse, events: dict[str, list[Row]]):
    for name, expected in reference(events, PSEUDONYM_KEY).items():
        if name not in DESCRIBED_BY_THE_CATALOGUE:
            assert_agrees(classic, name, expected)
