"""What is watched of each hour: volume, lateness, copies and rejects, from counts alone."""

import statistics
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.expiry import Expiry, append_expiry
from contracts.lake import HOUR, hour_key
from contracts.manifests import DataFile, ManifestLog, Measures
from musicflow_dagster.checks.duplicates import duplicates
from musicflow_dagster.checks.lateness import lateness
from musicflow_dagster.checks.rejects import rejects
from musicflow_dagster.checks.volume import LEAST_WEEKS, WEEK, Usual, judged, volumes
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import LandedHour
from musicflow_dagster.load_report import LoadedHour
from tests.builders import FIRST_HOUR
from tests.contracts.test_manifests import manifest

TOPIC = "listen_events"
USUAL = Usual(weeks=8, deviations=6)
GRACE = timedelta(minutes=5)
COUNTS = st.integers(0, 10**9)


@pytest.fixture
def log(lake):
    return ManifestLog(lake.store, TOPIC)


@pytest.fixture
def index(settings, log):
    """The index, made when it is asked for."""

    def refreshed():
        index = manifest_index(settings)
        index.refresh()
        return index

    return refreshed


def files(rows_by_hour):
    keys = {hour_key(hour): rows for hour, rows in rows_by_hour.items()}
    return tuple(DataFile(f"{TOPIC}/{key}", key, rows, 1) for key, rows in keys.items())


def batch(log, rows_by_hour, committed_at, *, lag=0.0, delay=None, **changed):
    """A batch that brought rows, committed when landing was caught up but for `lag` seconds."""
    measures = Measures(1, {}, {}, lag_seconds=lag, delay_p95_seconds=delay)
    facts = {"committed_at": committed_at, "measures": measures} | changed
    log.append(manifest(log.last() + 1, files=files(rows_by_hour), **facts))


@pytest.mark.parametrize(
    ("rows", "weeks", "passed", "says"),
    [
        pytest.param(100, [100] * 8, True, "", id="the same"),
        pytest.param(130, [100] * 8, True, "", id="chance alone"),
        pytest.param(0, [100] * 8, False, "below", id="nothing"),
        pytest.param(200, [100] * 8, False, "above", id="twice as many"),
        pytest.param(200, [100, 300, 50, 250, 180], True, "", id="weeks that differ a lot"),
        pytest.param(100, [100, 101, 99, 100, 9000], True, "", id="one wild week"),
        pytest.param(5, [0, 0, 0, 0], True, "", id="a few where none were"),
        pytest.param(0, [100] * (LEAST_WEEKS - 1), True, "too little history", id="a new lake"),
    ],
)
def test_volume_is_judged_by_the_median_of_the_weeks_before(rows, weeks, passed, says):
    found = judged(rows, weeks, USUAL)

    assert found.passed is passed
    assert says in found.says


@given(weeks=st.lists(COUNTS, min_size=LEAST_WEEKS, max_size=8), rows=COUNTS, order=st.randoms())
def test_the_order_of_the_weeks_never_matters(weeks, rows, order):
    shuffled = list(weeks)
    order.shuffle(shuffled)

    assert judged(rows, weeks, USUAL) == judged(rows, shuffled, USUAL)


@given(weeks=st.lists(COUNTS, min_size=LEAST_WEEKS, max_size=8))
def test_the_median_of_the_weeks_is_always_usual(weeks):
    assert judged(round(statistics.median(weeks)), weeks, USUAL).passed


def test_an_hour_is_compared_with_the_same_hour_of_the_same_weekday(index, log):
    now = FIRST_HOUR + 6 * WEEK
    landed = {FIRST_HOUR + number * WEEK: 1000 for number in range(6)}
    log.append(manifest(1, files=files({**landed, now: 10, now - HOUR: 10})))
    found = volumes(index(), TOPIC, [now - HOUR, now], USUAL)

    assert found[now].numbers["usual_rows"] == 1000
    assert not found[now].passed
    assert found[now - HOUR].numbers["weeks_compared"] == 5
    assert found[now - HOUR].numbers["usual_rows"] == 0


def test_weeks_that_have_expired_are_no_history(index, log, lake):
    now = FIRST_HOUR + 6 * WEEK
    log.append(manifest(1, files=files({FIRST_HOUR: 5, now: 5})))
    before = FIRST_HOUR + 3 * WEEK
    append_expiry(lake.store, Expiry(TOPIC, 1, before, 0, now))

    assert volumes(index(), TOPIC, [now], USUAL)[now].numbers["weeks_compared"] == 3


def test_rows_of_batches_after_the_one_that_completed_the_hour_are_late(index, log):
    end = FIRST_HOUR + HOUR
    batch(log, {FIRST_HOUR: 80}, end - timedelta(minutes=1), delay=60.0)
    batch(log, {FIRST_HOUR: 15}, end + timedelta(minutes=6), delay=300.0)
    batch(log, {FIRST_HOUR: 5, end: 50}, end + timedelta(minutes=8), delay=90.0)
    found = lateness(index(), TOPIC, [FIRST_HOUR, end], GRACE, most=0.01)

    assert found[FIRST_HOUR].numbers == {
        "late_rows": 5, "late_share": 0.05, "delay_p95_seconds": 300.0,
    }  # fmt: skip
    assert not found[FIRST_HOUR].passed
    assert "5.0% of 100 rows landed after" in found[FIRST_HOUR].says
    assert found[end].numbers["late_rows"] == 0
    assert found[end].passed


BEHIND = {"lag": 3600.0}
UNMEASURED = {"measures": None}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(BEHIND, {}, id="landing was behind, not the events"),
        pytest.param({}, {"kind": "replay"}, id="rejects that were judged again"),
        pytest.param(UNMEASURED, UNMEASURED, id="nobody measured"),
    ],
)
def test_what_is_not_late(index, log, first, second):
    at = FIRST_HOUR + timedelta(hours=2)
    batch(log, {FIRST_HOUR: 5}, at, **first)
    batch(log, {FIRST_HOUR: 5}, at + timedelta(minutes=2), **second)

    assert lateness(index(), TOPIC, [FIRST_HOUR], GRACE, 0.01)[FIRST_HOUR].passed


def test_an_hour_without_rows_is_not_late(index, log):
    found = lateness(index(), TOPIC, [FIRST_HOUR], GRACE, 0.01)

    assert found[FIRST_HOUR].numbers == {"late_rows": 0, "late_share": 0.0}
    assert found[FIRST_HOUR].passed


@pytest.mark.parametrize(
    ("copies", "passed"), [(5, True), (6, False)], ids=["as many as usual", "more than usual"]
)
def test_copies_are_told_as_a_share_of_what_landed(copies, passed):
    loaded = LoadedHour(LandedHour("", 100, 0, 0, 0), 100 - copies, copies, 1)
    found = duplicates({FIRST_HOUR: loaded}, 0.05)[FIRST_HOUR]

    assert found.passed is passed
    assert found.numbers["duplicate_share"] == copies / 100


def test_rejects_are_a_share_of_all_that_was_judged_in_the_hour(index, log):
    at = FIRST_HOUR + timedelta(minutes=59)
    for each in (at, at + timedelta(minutes=1)):
        log.append(manifest(log.last() + 1, batch_at=each, accepted=90, rejected=10))
    found = rejects(index(), TOPIC, FIRST_HOUR, most=0.05)

    assert found.numbers == {"judged": 100, "rejected": 10, "reject_share": 0.1}
    assert found.says == "10.0% of 100 messages were rejected; 5.0% are usual"


def test_of_few_messages_no_share_is_told_wrong(index, log):
    log.append(manifest(1, batch_at=FIRST_HOUR, accepted=1, rejected=9))

    assert rejects(index(), TOPIC, FIRST_HOUR, most=0.05).passed
