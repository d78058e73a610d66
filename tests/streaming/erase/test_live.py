"""Erasing a user from the live counts, and keeping none who is on the list."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from contracts.live import read_live
from contracts.store import FolderStore
from contracts.suppression import NOBODY, SuppressionKey, SuppressionList
from streaming.erase.live import erase_live
from streaming.serving.live_sink import Covered, read_state, write_state
from streaming.serving.live_state import EVENT_SCHEMA, LiveState

ANN, BOB = 7_350_219_864_731, 2
NOW = datetime(2026, 1, 1, 5, tzinfo=UTC)
LATENESS = timedelta(minutes=5)


@pytest.fixture
def store(tmp_path) -> FolderStore:
    return FolderStore(tmp_path)


def counted(*users: int) -> LiveState:
    """The state of a minute in which each of these has played once."""
    rows = [(NOW, "play", "CA", user, number) for number, user in enumerate(users)]
    events = pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row")
    return LiveState().with_events(events, LATENESS, NOW)[0]


def test_the_users_events_are_gone_from_state_and_counts(store):
    write_state(store, Covered("w", 3, {0: 9}), counted(ANN, BOB, ANN))

    assert erase_live(store, ANN) == 2

    covered, state = read_state(store)
    assert covered == Covered("w", 3, {0: 9})
    assert state.open["user_id"].to_list() == [BOB]
    assert read_live(store).counts.select("events", "users").rows() == [(1, 1)]
    assert erase_live(store, ANN) == 0


def test_where_no_counts_are_kept_nothing_is_done(store):
    assert erase_live(store, ANN) == 0
    assert list(store.list("")) == []


def test_the_state_drops_who_is_on_the_list(store):
    known = SuppressionList(store, SuppressionKey("key"))
    known.add(ANN, "Ada")
    state = counted(ANN, BOB)

    assert state.without(NOBODY) is state
    assert state.without(known.read()).open["user_id"].to_list() == [BOB]
