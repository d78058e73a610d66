"""What the classic eventsim wrote, through dbt: the numbers are those of its own files."""

from pathlib import Path

import polars as pl
import pytest

from contracts.events import EVENTS_BY_NAME, lake_fields
from tests.dbt_project.warehouse import Warehouse

pytestmark = [pytest.mark.integration, pytest.mark.shared]

LISTENS = 30_012


@pytest.fixture
def classic(warehouse: Warehouse, shared_data: Path) -> Warehouse:
    """Its listens in raw, as landing types them, and the whole project built on them."""
    file = shared_data / "eventsim/classic-output/listen_events.json.gz"
    given = {"event_id": "'listen ' || line", "kafka_topic": "'file'", "kafka_partition": "0",
             "kafka_offset": "line", "landed_at": "timestamp '2026-01-04'"}  # fmt: skip
    event = EVENTS_BY_NAME["listen_events"]
    absent = {"tag", "song_id", "unknown_fields", *(each.name for each in event.derived)}
    columns = [
        f"{given.get(each.name) or _read(each.wire_name, each.type)} as {each.name}"
        for each in lake_fields(event)
        if each.name not in absent
    ]
    warehouse.execute(
        f"insert into raw.listen_events by name select {', '.join(columns)}"
        f" from (select *, row_number() over () as line from read_json_auto('{file}'))"
    )
    warehouse.run(select="+rpt_top_artists")
    return warehouse


def _read(wire_name: str, kind: str) -> str:
    return f'epoch_ms("{wire_name}")' if kind == "timestamp" else f'"{wire_name}"'


def test_each_listen_of_the_classic_simulator_is_one_stream(classic: Warehouse, shared_data: Path):
    listens = pl.read_ndjson(shared_data / "eventsim/classic-output/listen_events.json.gz")
    mended = listens.with_columns(
        pl.col("artist").map_elements(_read_again, return_dtype=pl.String),
        day=pl.from_epoch("ts", "ms").dt.date(),
    )
    expected = mended.group_by("day", "artist").len().filter(pl.col("len") > 20).rows()

    [(streams, keys, seconds)] = classic.rows("""
        select count(*), count(distinct stream_key), sum(duration_seconds) from marts.fct_streams
    """)
    charts = classic.rows("""
        select period_starts_on, artist_name, plays from reporting.rpt_top_artists
        where period = 'day' and plays > 20
    """)
    assert (streams, keys) == (LISTENS, LISTENS)
    assert seconds == pytest.approx(listens["duration"].sum())
    assert charts
    assert set(charts) <= set(expected)


def _read_again(text: str) -> str:
    """UTF-8 that was read as Latin-1, as it was meant; else as it is."""
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:
        return text
