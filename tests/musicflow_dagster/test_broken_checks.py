"""The last verdict on an hour, or on an asset without hours, says what is broken."""

from uuid import uuid4

import dagster as dg
import pytest

from musicflow_dagster.broken_checks import BrokenCheck, broken_checks
from musicflow_dagster.instance import opened_instance

RAW = dg.AssetKey(["raw", "listen_events"])
ERROR, WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@pytest.fixture
def instance(tmp_path):
    with opened_instance(tmp_path / "dagster") as instance:
        yield instance


def judge(instance, passed, hour=None, check="is_whole", severity=ERROR):
    """What a run of its own has found."""
    verdict = dg.AssetCheckEvaluation(RAW, check, passed=passed, partition=hour, severity=severity)
    event = dg.DagsterEvent(
        dg.DagsterEventType.ASSET_CHECK_EVALUATION.value, "hourly", event_specific_data=verdict
    )
    instance.report_dagster_event(event, run_id=str(uuid4()))


def test_nothing_is_broken_where_nothing_was_checked(instance):
    assert broken_checks(instance) == []


def test_the_last_word_on_each_hour_counts(instance):
    for hour, passed in (("05", False), ("06", False), ("07", True), ("05", True), ("08", False)):
        judge(instance, passed, f"2026-01-01-{hour}:00")

    [broken] = broken_checks(instance)
    assert broken == BrokenCheck(
        "raw/listen_events",
        "is_whole",
        is_error=True,
        hours=("2026-01-01-06:00", "2026-01-01-08:00"),
    )
    assert str(broken) == (
        "FAILED: is_whole of raw/listen_events for 2 hours, the newest 2026-01-01-08:00"
    )


def test_a_word_on_a_whole_range_says_nothing_that_its_hours_do_not(instance):
    judge(instance, passed=True, hour="2026-01-01-05:00")
    judge(instance, passed=False)

    assert broken_checks(instance) == []


def test_errors_come_before_warnings_and_checks_without_hours_count(instance):
    judge(instance, passed=False, check="a_few", severity=WARN)
    judge(instance, passed=False, check="whole")
    judge(instance, passed=False, check="mended")
    judge(instance, passed=True, check="mended")

    assert [(each.check, each.is_error) for each in broken_checks(instance)] == [
        ("whole", True),
        ("a_few", False),
    ]
    assert str(broken_checks(instance)[1]) == "warns: a_few of raw/listen_events"
