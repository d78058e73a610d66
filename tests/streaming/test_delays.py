"""Delays: few numbers that merge, and quantiles near the true ones."""

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.delays import BOUNDS, delays_of, merged, quantile

from .messages import BATCH_AT

ages = st.lists(st.floats(-300, BOUNDS[-1]), min_size=1, max_size=50)


def delays(seconds):
    times = [BATCH_AT - timedelta(seconds=each) for each in seconds]
    return delays_of(pa.chunked_array([pa.array(times, pa.timestamp("us", "UTC"))]), BATCH_AT)


@given(ages)
def test_every_event_is_counted_once(seconds):
    assert sum(delays(seconds).values()) == len(seconds)


@given(ages, ages)
def test_tasks_together_count_what_one_task_would(one, other):
    assert merged([delays(one), delays(other)]) == merged([delays(one + other)])


@given(ages, st.sampled_from([0.5, 0.95, 1.0]))
def test_a_quantile_is_right_within_its_bucket(seconds, share):
    true = np.quantile(seconds, share, method="inverted_cdf")

    estimated = quantile(delays(seconds), share)

    if true <= 1:
        assert 0 <= estimated <= 1
    else:
        assert true / 1.415 <= estimated <= true * 1.415


def test_without_events_there_is_no_delay():
    assert quantile({}, 0.5) is None


@pytest.mark.parametrize(
    ("age", "estimated"),
    [
        pytest.param(-300, 1.0, id="a clock that runs ahead"),
        pytest.param(20 * 365 * 86_400, BOUNDS[-1], id="older than the last bound"),
    ],
)
def test_delays_beyond_the_bounds_are_kept(age, estimated):
    assert quantile(delays([age]), 1) == estimated
