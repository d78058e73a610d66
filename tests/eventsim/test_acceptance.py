"""A tenth of the acceptance case has the classic eventsim's statistics."""

import pytest

from benchmarks.eventsim_table import (
    DAYS,
    TABLE,
    USERS,
    case,
    measured,
    simulated,
    songs_by_plays,
)

PART = 10
WIDENING = 2.5
"""A tenth of the listeners scatter about three times as much; most limits have room for that."""

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def ours(shared_data, tmp_path_factory):
    songs = tmp_path_factory.mktemp("songs") / "songs.csv"
    songs_by_plays(shared_data / "msd" / "listen_counts.txt.gz", songs)
    world = case(shared_data, songs)
    values = measured(world, simulated(world, USERS // PART, DAYS), DAYS)
    return values | {"page_views": values["page_views"] * PART}


@pytest.mark.parametrize("metric", TABLE, ids=lambda metric: metric.name)
def test_each_statistic_is_the_classic_ones(ours, metric):
    assert metric.holds(ours[metric.name], WIDENING), (ours[metric.name], metric)
