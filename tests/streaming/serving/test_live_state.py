"""Counts of the last minutes without a database: each event once, while its minute is open."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import LakeError
from contracts.lake import live_path
from contracts.live import LiveCounts, read_live, write_live
from contracts.store import FolderStore
from streaming.serving.live_sink import PATH, Covered, read_state, write_state
from streaming.serving.live_state import EVENT_SCHEMA, KEPT, LiveState

START = datetime(2026, 1, 2, 12, tzinfo=UTC)
LATENESS = timedelta(minutes=5)
NOW = START + timedelta(days=1)


def events(*of: tuple[int, int]) -> pl.DataFrame:
    """Events as pairs of a minute and an id; each id has its own type, region and user."""
    rows = [
        (START + timedelta(minutes=minute), f"type {number % 2}", "CA", number % 3, number)
        for minute, number in of
    ]
    return pl.DataFrame(rows, schema=EVENT_SCHEMA, orient="row")


def total(state: LiveState) -> int:
    return state.counts["events"].sum()


def test_events_count_once_and_users_once_a_window():
    state, new = LiveState().with_events(events((0, 1), (0, 1), (0, 7), (0, 2)), LATENESS, NOW)
    state, more = state.with_events(events((0, 1), (1, 3)), LATENESS, NOW)

    assert (new, more) == (3, 1)
    assert state.counts.rows() == [
        (START, "type 0", "CA", 1, 1, False),
        (START, "type 1", "CA", 2, 1, False),
        (START + timedelta(minutes=1), "type 1", "CA", 1, 1, False),
    ]


def test_a_minute_is_final_when_others_are_later_and_then_keeps_its_counts():
    state, _ = LiveState().with_events(events((0, 1)), LATENESS, NOW)
    state, _ = state.with_events(events((5, 2), (0, 4)), LATENESS, NOW)
    assert state.counts.rows()[0] == (START, "type 0", "CA", 1, 1, True)

    after, new = state.with_events(events((0, 6)), LATENESS, NOW)

    assert new == 0
    assert after.counts.equals(state.counts)


def test_an_event_that_is_ahead_of_the_clock_ends_no_minute():
    now = START + timedelta(seconds=30)
    state, _ = LiveState().with_events(events((5, 1), (9, 2)), LATENESS, now)

    state, new = state.with_events(events((0, 3), (-4, 4)), LATENESS, now)

    assert new == 2
    assert not state.counts["is_final"].any()


def test_old_minutes_are_forgotten():
    state, _ = LiveState().with_events(events((0, 1)), LATENESS, NOW)
    state, _ = state.with_events(events((int(KEPT / timedelta(minutes=1)), 2)), LATENESS, NOW)

    assert total(state) == 1


@settings(deadline=None)
@given(
    numbers=st.lists(st.integers(0, 300), max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_batches_of_any_size_come_to_the_same_while_nothing_is_late(numbers, cuts):
    in_order = [(number // 30, number) for number in sorted(numbers)]
    whole, _ = LiveState().with_events(events(*in_order), LATENESS, NOW)
    state, last = LiveState(), 0
    for cut in [*sorted(cuts), len(in_order)]:
        # What was sent before is sent again.
        part = in_order[max(0, last - 10) : max(cut, last)]
        state, _ = state.with_events(events(*part), LATENESS, NOW)
        last = max(cut, last)

    assert state.counts.equals(whole.counts)
    assert total(state) == len(set(numbers))


def test_the_state_is_read_back_as_it_was_written(tmp_path):
    store = FolderStore(tmp_path)
    assert read_state(store)[0] == Covered()
    state, _ = LiveState().with_events(events((0, 1), (3, 2), (6, 3)), LATENESS, NOW)
    covered = Covered("w", 3, {0: 5, 1: 7}, "id", state.reached)

    write_state(store, covered, state)

    found, again = read_state(store)
    assert found == covered
    assert again.counts.equals(state.counts)
    assert again.open.equals(state.open)
    assert again.reached == state.reached


def test_readers_get_the_counts_and_when_they_were_made(tmp_path):
    store = FolderStore(tmp_path)
    assert read_live(store) is None
    state, _ = LiveState().with_events(events((0, 1)), LATENESS, NOW)

    write_live(store, LiveCounts(state.counts, START))

    found = read_live(store)
    assert found.counts.equals(state.counts)
    assert found.updated_at == START


def test_counts_that_are_no_parquet_are_one_clear_error(tmp_path):
    store = FolderStore(tmp_path)
    store.put(live_path("music_events"), b"no")
    store.put(PATH, b"no")

    with pytest.raises(LakeError, match="cannot be read"):
        read_live(store)
    with pytest.raises(LakeError, match="remove it to count anew"):
        read_state(store)
