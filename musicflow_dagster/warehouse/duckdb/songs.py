"""The table of the catalogue's songs, in DuckDB."""

import duckdb
import polars as pl

_SCHEMA = """
create schema if not exists catalogue;
create table if not exists catalogue.songs (
  song_id varchar, artist varchar, title varchar, duration_seconds double, plays double);
alter table catalogue.songs add column if not exists album varchar;
alter table catalogue.songs add column if not exists release_year double;
alter table catalogue.songs add column if not exists tempo_bpm double;
alter table catalogue.songs add column if not exists loudness_db double;
alter table catalogue.songs add column if not exists hotness double;
"""


def prepare_songs(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table of songs where it lacks, without any; it costs nothing where it stands."""
    connection.execute(_SCHEMA)


def replace_songs(connection: duckdb.DuckDBPyConnection, songs: pl.DataFrame) -> None:
    """Put `songs` in the place of the catalogue that stood."""
    prepare_songs(connection)
    connection.register("songs_of_file", songs.to_arrow())
    connection.execute("begin")
    connection.execute("delete from catalogue.songs")
    connection.execute("insert into catalogue.songs by name from songs_of_file")
    connection.execute("commit")
    connection.unregister("songs_of_file")
