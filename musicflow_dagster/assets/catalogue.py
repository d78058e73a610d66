"""The catalogue of songs: an asset of its own, loaded from the configured file when it changes."""

import dagster as dg

from contracts.errors import ConfigurationError
from musicflow_dagster.assets.keys import OWNERS
from musicflow_dagster.assets.retrying import retried
from musicflow_dagster.resources import POOL, WarehouseResource
from musicflow_dagster.settings import Settings
from musicflow_dagster.songs import read_songs

GROUP = "catalogue"
SONGS = dg.AssetKey([GROUP, "songs"])
COLUMN_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("song_id", "string", description="Identity; S and the row where none is."),
        dg.TableColumn("artist", "string", description="Who plays it."),
        dg.TableColumn("title", "string", description="What it is called."),
        dg.TableColumn("duration_seconds", "double", description="How long it is."),
        dg.TableColumn("plays", "double", description="How popular it is; 1 where nobody says."),
        dg.TableColumn("album", "string", description="What it was released on."),
        dg.TableColumn("release_year", "double", description="When; 0 where the file does."),
        dg.TableColumn("tempo_bpm", "double", description="Beats a minute."),
        dg.TableColumn("loudness_db", "double", description="Loudness, decibels."),
        dg.TableColumn("hotness", "double", description="How talked of, 0 to 1."),
    ]
)


def songs_asset(settings: Settings) -> dg.AssetsDefinition:
    """The songs of `MUSICFLOW_SONGS`; it has no hours, and is none of the hourly job's."""

    @dg.asset(
        key=SONGS,
        description="The songs that listeners can choose from, as the file MUSICFLOW_SONGS has "
        "them. One row per song.",
        group_name=GROUP,
        kinds={"csv", "duckdb"},
        owners=OWNERS,
        pool=POOL,
        metadata={"dagster/column_schema": COLUMN_SCHEMA},
    )
    def load_songs(
        context: dg.AssetExecutionContext, warehouse: WarehouseResource
    ) -> dg.MaterializeResult:
        with retried(context):
            if settings.songs is None:
                raise ConfigurationError("there is no catalogue: set MUSICFLOW_SONGS to a CSV file")
            songs = read_songs(settings.songs)
            with warehouse.open() as opened:
                opened.replace_songs(songs)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": songs.height,
                "artists": songs["artist"].n_unique(),
                "bytes": settings.songs.stat().st_size,
                "file": dg.MetadataValue.path(settings.songs),
            }
        )

    return load_songs
