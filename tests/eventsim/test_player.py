"""What the player is told agrees with the clock, whatever the listener does with it."""

from collections import defaultdict

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventsim.config import Player
from eventsim.player import ACTIONS, PlayerModel
from tests.eventsim.conftest import read

BUSY = Player(skip=0.5, pause=0.5, add_to_playlist=0.5, skipped_within_seconds=90)


@pytest.fixture(scope="module")
def songs(simulate, config):
    """The actions of each song that ends within a day, in order."""
    busy = msgspec.structs.replace(config.musicflow, player=BUSY)
    actions = read(simulate(msgspec.structs.replace(config, musicflow=busy))[0])["music_events"]
    found = defaultdict(list)
    for action in actions:
        found[action["event_id"].rpartition("-")[0]].append(action)
    return [each for each in found.values() if each[-1]["event_type"] in ("stop", "skip")]


def test_a_position_is_the_time_that_was_played(songs):
    assert songs
    for actions in songs:
        heard, since = 0, actions[0]["ts"]
        for action in actions:
            if since is not None:
                heard, since = heard + (action["ts"] - since) // 1000, action["ts"]
            assert action["position_seconds"] == heard
            if action["event_type"] == "pause":
                since = None
            elif action["event_type"] == "resume":
                since = action["ts"]


def test_a_song_is_played_then_paused_then_resumed_then_ended(songs):
    for actions in songs:
        kinds = [action["event_type"] for action in actions]
        without = [kind for kind in kinds if kind != "add_to_playlist"]
        assert without[0] == "play"
        assert without[1:-1] in ([], ["pause", "resume"])
        assert len(kinds) - len(without) <= 1


@pytest.mark.parametrize(
    ("player", "never"),
    [
        pytest.param(Player(skip=0, pause=0, add_to_playlist=0),
                     {"skip", "pause", "resume", "add_to_playlist"}, id="only heard"),
        pytest.param(Player(skip=1, pause=1, add_to_playlist=1), {"stop"}, id="all of it"),
    ],
)  # fmt: skip
def test_weights_of_0_and_1_are_never_and_always(player, never):
    count = np.arange(500)
    actions = PlayerModel(player, 1).actions(count * 1000, count, count, np.full(500, 200))
    kinds = {ACTIONS[kind] for kind in actions.kind}

    assert kinds == set(ACTIONS) - never


@given(seconds=st.integers(0, 5), seed=st.integers(0, 10**6))
def test_the_shortest_songs_are_played_within_their_length(seconds, seed):
    rows = np.arange(50)
    actions = PlayerModel(BUSY, seed).actions(rows, rows, rows, np.full(50, seconds))

    assert actions.position.min() >= 0
    assert actions.position.max() <= seconds
    assert (actions.at >= rows[actions.listen]).all()
