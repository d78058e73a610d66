"""Progress: a time is reached when all that Kafka held then is committed, and never before."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.progress import read_progress
from contracts.store import FolderStore
from streaming.kafka import Held
from streaming.progress import ProgressKeeper, Sample

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def sample(minute: int, **ends: int) -> Sample:
    held = {int(name[1:]): Held(0, end) for name, end in ends.items()}
    return Sample(NOON + timedelta(minutes=minute), held)


@pytest.fixture
def keeper(store) -> ProgressKeeper:
    return ProgressKeeper(store, "listen_events", before=None)


def reached(store) -> datetime | None:
    return read_progress(store, "listen_events").caught_up_until


def test_nothing_is_reached_before_it_is_committed(keeper, store):
    keeper.sampled(sample(0, p0=5, p1=1))
    keeper.committed({0: 5, 1: 0}, seq=1, writer="w")

    assert reached(store) is None


def test_a_sample_is_reached_when_every_partition_is(keeper, store):
    keeper.sampled(sample(0, p0=5, p1=1))
    keeper.committed({0: 7, 1: 1}, seq=1, writer="w")

    assert reached(store) == NOON


def test_time_goes_on_where_no_messages_come(keeper, store):
    keeper.committed({0: 5}, seq=1, writer="w")
    keeper.sampled(sample(0, p0=5))
    keeper.sampled(sample(2, p0=5, p1=0))

    assert reached(store) == NOON + timedelta(minutes=2)


def test_the_newest_of_the_covered_samples_counts(keeper, store):
    for minute, end in ((0, 5), (1, 8), (2, 12)):
        keeper.sampled(sample(minute, p0=end))
    keeper.committed({0: 9}, seq=1, writer="w")

    assert reached(store) == NOON + timedelta(minutes=1)


def test_a_partition_whose_messages_all_expired_holds_nothing_back(keeper, store):
    keeper.sampled(Sample(NOON, {0: Held(9, 9)}))

    assert reached(store) == NOON


def test_a_restart_never_goes_back(keeper, store):
    keeper.committed({0: 5}, seq=1, writer="w")
    keeper.sampled(sample(0, p0=5))

    again = ProgressKeeper(store, "listen_events", read_progress(store, "listen_events"))
    again.sampled(sample(1, p0=9))
    again.committed({0: 5}, seq=1, writer="w")

    assert reached(store) == NOON
    record = read_progress(store, "listen_events")
    assert (record.committed, record.held, record.last_seq) == ({0: 5}, {0: 9}, 1)


steps = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40)


@settings(deadline=None)
@given(steps=steps, most=st.integers(2, 5))
def test_what_is_reached_was_really_held_and_committed(tmp_path_factory, steps, most):
    store = FolderStore(tmp_path_factory.mktemp("lake"))
    keeper = ProgressKeeper(store, "listen_events", before=None)
    keeper.MAX_WAITING = most
    held = committed = 0
    held_at: dict[datetime, int] = {}
    for minute, (arrived, landed) in enumerate(steps):
        held += arrived
        committed = min(held, committed + landed)
        held_at[NOON + timedelta(minutes=minute)] = held
        keeper.sampled(sample(minute, p0=held))
        keeper.committed({0: committed}, seq=1, writer="w")

        until = reached(store)
        assert until is None or held_at[until] <= committed
    if steps and committed == held:
        assert reached(store) == NOON + timedelta(minutes=len(steps) - 1)


def test_lag_is_what_kafka_holds_beyond_what_is_committed(keeper):
    assert keeper.lag().messages is None, "Kafka was not asked yet"
    keeper.committed({0: 5}, seq=1, writer="w")
    keeper.sampled(sample(0, p0=12, p1=3))

    assert keeper.lag().messages == 10
    assert keeper.lag({0: 12, 1: 2}).messages == 1
    assert keeper.lag({0: 20, 1: 3}).messages == 0, "messages came after Kafka was asked"


def test_lag_in_seconds_runs_from_when_all_was_committed(keeper):
    keeper.sampled(sample(0, p0=5))
    keeper.sampled(sample(1, p0=9))

    assert keeper.lag({0: 4}).seconds is None
    assert keeper.lag({0: 5}).caught_up_until == NOON
    assert keeper.lag({0: 9}).caught_up_until == NOON + timedelta(minutes=1)
    assert keeper.lag({0: 9}).seconds < keeper.lag({0: 5}).seconds
