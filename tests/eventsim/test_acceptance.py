"""A tenth of the acceptance case has the classic eventsim's statistics."""

import gzip
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from benchmarks.eventsim_table import (
    DAYS,
    TABLE,
    USERS,
    answers_login,
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
    value = ours[metric.name]
    # Gaps are whole seconds, so that their lowest quantile is 7 or 8.
    near = metric.name == "gap_seconds_p5" and abs(value - metric.classic) <= 1

    assert near or metric.holds(value, WIDENING), (value, metric)


def test_the_classic_rule_finds_the_auth_events_of_its_own_output(shared_data):
    output = shared_data / "eventsim" / "classic-output"
    pages = lines(output / "page_view_events.json.gz")
    pages.sort(key=identity)
    follows = [False, *(page["sessionId"] == later["sessionId"] for page, later in pairwise(pages))]
    after_login = [False, *(page["page"] == "Login" for page in pages[:-1])]
    redirect = [300 <= page["status"] < 399 for page in pages]
    answers = answers_login(np.array(after_login) & follows, np.array(redirect) & follows)

    found = {(*identity(pages[row]), pages[row]["auth"] == "Logged In") for row in answers}
    told = lines(output / "auth_events.json.gz")
    assert found == {(*identity(event), event["success"]) for event in told}


def lines(path: Path) -> list[dict[str, Any]]:
    """The events in a file."""
    with gzip.open(path) as file:
        return [msgspec.json.decode(line) for line in file]


def identity(event: dict[str, Any]) -> tuple[int, int]:
    """Which request of which session it is."""
    return event["sessionId"], event["itemInSession"]
