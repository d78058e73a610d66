import pytest

from musicflow_dagster.column_lineage import (
    SourceColumn,
    UnreadableSqlError,
    sources_of_columns,
)

TABLES = {
    "any": {
        "raw": {"listens": {"song": "text", "artist": "text", "at": "timestamp"}},
        "marts": {"songs": {"title": "text", "key": "text"}},
    }
}
SONG, ARTIST = SourceColumn("raw", "listens", "song"), SourceColumn("raw", "listens", "artist")
TITLE, KEY = SourceColumn("marts", "songs", "title"), SourceColumn("marts", "songs", "key")


@pytest.mark.parametrize(
    ("query", "sources"),
    [
        pytest.param("select song as x from raw.listens", [SONG], id="renamed"),
        pytest.param('select "song" as x from "any"."raw"."listens"', [SONG], id="quoted"),
        pytest.param("select 1 as x from raw.listens", [], id="made of nothing"),
        pytest.param("select song || artist as x from raw.listens", [ARTIST, SONG], id="of two"),
        pytest.param(
            "with a as (select * from raw.listens), b as (select * from a) "
            "select md5(song) as x from b",
            [SONG],
            id="through names and stars",
        ),
        pytest.param(
            "select key as x from raw.listens join marts.songs on song = title", [KEY], id="joined"
        ),
        pytest.param(
            "select song as x from raw.listens union all select title from marts.songs",
            [TITLE, SONG],
            id="of a union",
        ),
        pytest.param(
            "select row_number() over (partition by artist order by song) as x from raw.listens",
            [ARTIST, SONG],
            id="of a window",
        ),
    ],
)
def test_a_column_is_traced_to_what_it_is_made_of(query, sources):
    assert sources_of_columns(query, TABLES) == {"x": sources}


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("select from where", id="no SQL"),
        pytest.param("select nothing as x from raw.listens", id="a column that is not there"),
    ],
)
def test_what_cannot_be_traced_is_said_without_the_query(query):
    with pytest.raises(UnreadableSqlError, match="no lineage of a query"):
        sources_of_columns(query, TABLES)
