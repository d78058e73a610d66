"""What can't be left to chance, each by itself: three ways in which a batch changes hands."""

import json
import random
import re
import sys

import pyarrow.parquet as pq
import pytest

from .evidence import gather
from .faults import at_a_commit, in_a_batch, kill_all_of_landing, lose_checkpoint, take_over
from .releases import older_release
from .site import Scale, Site
from .verdict import findings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="looks at /proc"),
]

LISTENS = "listen_events"
CHANCE = random.Random(0)


@pytest.fixture
def site(tmp_path) -> Site:
    return Site(tmp_path / "site", Scale(seed=3, listeners=10_000, topics=(LISTENS,)))


def manifests(site: Site) -> list[dict]:
    folder = site.lake / "_batches" / LISTENS
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("[0-9]*.json"))]


def all_is_accounted_for(site: Site) -> None:
    site.drain()
    assert list(findings(gather(site, loaded=False), loaded=False)) == []
    clear = {each.is_clear for writer in site.writers for each in writer.endings}
    assert clear <= {True}, "an ending that is no clear line"


def test_a_batch_that_was_begun_under_another_contract_is_finished_under_todays(site, tmp_path):
    todays = site.landing.environment
    site.landing.environment = todays | older_release(tmp_path / "older")
    with site.running():
        in_a_batch(site, CHANCE)
        kill_all_of_landing(site, CHANCE)
        site.landing.environment = todays
        at_a_commit(site, CHANCE)
        all_is_accounted_for(site)

    landed = manifests(site)
    versions = [each["contract_version"] for each in landed]
    assert versions == sorted(versions)
    assert len(set(versions)) == 2
    for manifest in landed:
        has_field = manifest["contract_version"] == versions[-1]
        for file in manifest["files"]:
            assert ("song_id" in pq.read_schema(site.lake / file["path"]).names) == has_field


def test_without_any_checkpoint_a_new_writer_goes_on_where_the_lake_ends(site):
    with site.running():
        in_a_batch(site, CHANCE)
        lose_checkpoint(site, CHANCE)
        at_a_commit(site, CHANCE)
        all_is_accounted_for(site)

    assert len({each["writer"] for each in manifests(site)}) == 2


@pytest.mark.parametrize("own", [True, False], ids=["with its own", "with the same"])
def test_a_stopped_writer_that_wakes_up_after_its_successor_took_over_stops(site, own):
    with site.running():
        in_a_batch(site, CHANCE)
        checkpoints = site.data / "others" if own else site.landing.checkpoints
        ended = take_over(site, checkpoints)
        all_is_accounted_for(site)

    (ending,) = ended.endings
    assert ending.code == 1
    assert re.search("another (writer|landing job)", ending.words), ending.words
    writers = [each["writer"] for each in manifests(site)]
    assert len(set(writers)) == (2 if own else 1)
