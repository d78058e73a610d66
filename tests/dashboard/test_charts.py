"""Charts rank by plays, equals by name, and tell how a song moved."""

from dataclasses import replace
from datetime import date, datetime

import polars as pl
import pytest

from dashboard.data import charts
from dashboard.data.charts import ARTISTS, DAY, RANGE, SONGS, WEEK, period, top
from dashboard.filters import Filters
from tests.dashboard.tables import MemoryTables

FIRST, LAST = date(2026, 1, 1), date(2026, 1, 2)
BOTH = Filters(FIRST, LAST)
PLAYS = {FIRST: {"a": 1, "b": 3}, LAST: {"a": 4, "b": 1, "c": 1}}


@pytest.fixture
def tables() -> MemoryTables:
    """Two days of three songs of two artists; half of the plays are of paying listeners."""
    by_day, streams = [], []
    for day, songs in PLAYS.items():
        for song, plays in songs.items():
            by_day.append(
                {"listened_on": day, "song_key": song, "plays": plays, "skips": 1,
                 "completions": plays - 1, "listening_seconds": 60.0 * plays}
            )  # fmt: skip
            streams += [
                {"song_key": song, "artist_key": "x" if song == "a" else "y",
                 "level": "paid" if number % 2 else "free", "is_skipped": number == 0,
                 "is_completed": number > 0, "listening_seconds": 60.0,
                 "location_key": "la" if number else "none", "device_key": "d",
                 "listened_at": datetime(day.year, day.month, day.day, 12)}  # noqa: DTZ001  as stored
                for number in range(plays)
            ]  # fmt: skip
    songs = {"song_key": ["a", "b", "c"], "song_title": ["A", "B", "B"],
             "artist_name": ["X", "Z", "Y"]}  # fmt: skip
    artists = pl.DataFrame(by_day).with_columns(artist_key=pl.lit("x")).drop("song_key")
    return MemoryTables(
        {
            "reporting.rpt_song_plays": pl.DataFrame(by_day),
            "reporting.rpt_artist_plays": artists,
            "marts.fct_streams": pl.DataFrame(streams),
            "marts.dim_songs": pl.DataFrame(songs),
            "marts.dim_artists": pl.DataFrame({"artist_key": ["x", "y"], "artist_name": "XY"}),
            "marts.dim_locations": pl.DataFrame(
                {"location_key": ["la", "none"], "state": ["CA", "Unknown state"]}
            ),
            "marts.dim_devices": pl.DataFrame({"device_key": ["d"], "device_type": ["phone"]}),
        }
    )


def test_songs_stand_by_plays_and_equals_by_name(tables):
    found = top(tables, SONGS, *period(BOTH, DAY))

    assert found["plays"].to_list() == [4, 1, 1]
    assert found["artist_name"].to_list() == ["X", "Y", "Z"]
    assert found["rank"].to_list() == [1, 2, 3]
    assert found["skip_rate"].to_list() == [0.25, 1, 1]
    assert found["completion_rate"].to_list() == [0.75, 0, 0]


def test_a_song_moved_against_the_day_before_and_a_new_one_has_no_place_there(tables):
    found = top(tables, SONGS, *period(BOTH, DAY))

    assert found["previous_rank"].to_list() == [2, None, 1]


def test_chosen_days_are_taken_together(tables):
    found = top(tables, SONGS, *period(BOTH, RANGE))

    assert found["plays"].to_list() == [5, 4, 1]
    assert found["previous_rank"].null_count() == 3


def test_artists_are_ranked_too(tables):
    assert top(tables, ARTISTS, *period(BOTH, RANGE))["plays"].to_list() == [10]


@pytest.mark.parametrize(
    ("filters", "plays"),
    [
        pytest.param({"plans": ("paid",)}, {"A": 2, "B": 1}, id="a plan"),
        pytest.param({"states": ("CA",)}, {"A": 3, "B": 2}, id="a state"),
        pytest.param({"states": ("unknown",)}, {"A": 2, "B": 3}, id="no state known"),
        pytest.param({"devices": ("phone",)}, {"A": 5, "B": 5}, id="a device"),
        pytest.param({"devices": ("tv",)}, {}, id="nobody"),
    ],
)
def test_filters_count_single_streams(tables, filters, plays):
    found = top(tables, SONGS, *period(replace(BOTH, **filters), RANGE))

    counted = found.group_by("song_title").agg(pl.col("plays").sum())
    assert dict(counted.iter_rows()) == plays


@pytest.mark.parametrize("kind", charts.PERIODS)
@pytest.mark.parametrize("plans", [(), ("paid",)])
def test_a_period_and_the_one_before_touch_and_do_not_overlap(kind, plans):
    year = Filters(date(2025, 1, 1), date(2026, 1, 7), plans=plans)

    now, before = period(year, kind)

    assert (now.first - before.last).days == 1
    assert now.last == year.last
    assert before.days == (7 if kind == WEEK else now.days)
    assert now.days <= charts.reach(year).days
