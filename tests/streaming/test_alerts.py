"""Alerts: they stand while their rule is broken, and not for what is ordinary."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.manifests import Manifest, Measures
from streaming.alerts import Rules, TopicWatch

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BATCH = Manifest(
    event="listen_events", seq=1, kind="stream", writer="w", batch=0, batch_at=NOON,
    committed_at=NOON, contract_version=1, offsets=(), accepted=1000, rejected=0,
    rejected_by_reason={}, files=(), rejected_files=(),
)  # fmt: skip


@pytest.fixture
def watch() -> TopicWatch:
    return TopicWatch("listen_events", Rules(10 * MINUTE, lag_batches=3, reject_share=0.05), NOON)


def batch(*, lag: int | None = 0, accepted: int = 1000, rejected: int = 0, minute: int = 0):
    return replace(
        BATCH,
        committed_at=NOON + minute * MINUTE,
        accepted=accepted,
        rejected=rejected,
        rejected_by_reason={"missing_field": rejected} if rejected else {},
        measures=Measures(0, {}, {}, lag_messages=lag),
    )


def kinds(watch, minute: int = 0, caught_up: int | None = None) -> list[str]:
    reached = None if caught_up is None else NOON + caught_up * MINUTE
    return [each.kind for each in watch.alerts(NOON + minute * MINUTE, reached)]


@pytest.mark.parametrize(
    ("committed", "caught_up", "minute", "expected"),
    [
        pytest.param(None, None, 10, [], id="just begun"),
        pytest.param(None, None, 11, ["stalled"], id="nothing since the start"),
        pytest.param(9, None, 19, [], id="behind, but batches come"),
        pytest.param(None, 15, 20, [], id="silent, but caught up"),
        pytest.param(9, 15, 26, ["stalled"], id="neither for long"),
    ],
)
def test_it_is_stalled_without_batches_and_without_being_caught_up(
    watch, committed, caught_up, minute, expected
):
    if committed is not None:
        watch.committed(batch(minute=committed))

    assert kinds(watch, minute, caught_up) == expected


@pytest.mark.parametrize(
    ("lags", "expected"),
    [
        pytest.param([2000, 3000, 4000], ["lag_growing"], id="more is left each time"),
        pytest.param([2000, 3500, 3000], ["lag_growing"], id="up and down, and more in the end"),
        pytest.param([9000, 8000, 7000], [], id="a backlog that is worked off"),
        pytest.param([100, 200, 300], [], id="the next batch takes what came meanwhile"),
        pytest.param([2000, 3000], [], id="too few batches to tell"),
        pytest.param([2000, 3000, None, 100], [], id="caught up at last"),
    ],
)
def test_lag_grows_when_batches_leave_more_than_they_take(watch, lags, expected):
    for lag in lags:
        watch.committed(batch(lag=lag))

    assert kinds(watch) == expected


def test_many_rejects_are_told_until_a_batch_has_few(watch):
    watch.committed(batch(accepted=940, rejected=60))
    (alert,) = watch.alerts(NOON, None)
    assert alert.text.startswith("listen_events: 6.0% of the last 1,000 messages were rejected")
    assert "missing_field" in alert.text

    watch.committed(batch(accepted=950, rejected=50))
    assert kinds(watch) == []


def test_rejects_of_small_batches_are_judged_together(watch):
    watch.committed(batch(accepted=49, rejected=1))
    assert kinds(watch) == [], "too few to tell"
    watch.committed(batch(accepted=40, rejected=10))
    assert kinds(watch) == ["many_rejects"]


def test_an_alert_keeps_the_time_when_it_began(watch):
    began = {each.since for minute in (11, 12, 30) for each in watch.alerts(
        NOON + minute * MINUTE, None)}  # fmt: skip

    assert began == {NOON + 11 * MINUTE}
