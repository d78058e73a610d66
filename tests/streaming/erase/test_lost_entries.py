"""A list of forgotten users that has lost entries: whoever applies it refuses, and says so."""

import shutil
from types import SimpleNamespace

import pytest

from contracts.errors import LakeError
from contracts.events import LISTEN_EVENTS, MUSIC_EVENTS
from contracts.lake import suppression_path
from streaming.erase.user import erase_user
from streaming.serving.follower import Follower

from .lake import ANN, BOB, ErasingLake, csv_of, of


@pytest.fixture
def lost(lake) -> ErasingLake:
    """A lake of Bob's rows that has forgotten Ann, and then her entry, of which no copy is left."""
    lake.land(of(BOB, 0), of(BOB, 1, level="trial"))
    erase_user(lake.settings, [LISTEN_EVENTS, MUSIC_EVENTS], ANN, "Ada")
    lake.store.delete(suppression_path(1))
    shutil.rmtree(lake.folder / "suppressed")
    return lake


def test_the_number_of_a_lost_entry_is_not_given_to_another_user(lost):
    with pytest.raises(LakeError, match="is gone, and batches were made by it"):
        lost.erase(BOB)

    assert not lost.store.exists(suppression_path(1))
    assert lost.names(BOB)


def test_with_a_new_key_the_next_user_is_found_in_files_of_the_lost_list_too(lost):
    done = erase_user(lost.settings, [LISTEN_EVENTS], BOB, "Ada", new_key=True)

    assert done.number == 2
    assert lost.names(BOB) == []
    lost.check_sums()


def follow(lake: ErasingLake) -> None:
    cluster = SimpleNamespace(bootstrap_servers="127.0.0.1:1")
    Follower(lake.settings, cluster, None, None)._follow(None, once=True)


@pytest.mark.parametrize(
    "does",
    [
        pytest.param(lambda lake: lake.land(of(ANN, 2)), id="landing"),
        pytest.param(lambda lake: lake.replay(), id="replay"),
        pytest.param(lambda lake: lake.land_file(csv_of([of(ANN, 2)])), id="a file"),
        pytest.param(follow, id="a follower"),
    ],
)
def test_nobody_goes_on_with_a_shorter_list(lost, does):
    before = len(lost.manifests())

    with pytest.raises(LakeError, match="is gone, and batches were made by it: restore it"):
        does(lost)
    assert len(lost.manifests()) == before
