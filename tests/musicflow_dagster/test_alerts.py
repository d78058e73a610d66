"""Runs that failed are told once, in words that quote no value, and none is lost."""

from datetime import timedelta

import dagster as dg
import pytest

from contracts.errors import UnavailableError
from musicflow_dagster.automation.alerts import alert_sensor
from musicflow_dagster.hours import HourRange
from musicflow_dagster.partitions import range_tags
from tests.builders import FIRST_HOUR


@pytest.fixture
def tick(settings, instance):
    def run(cursor=None):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return alert_sensor(settings)(context)

    return run


@pytest.fixture
def fail(instance):
    """A run of a job that fails with this error."""

    def run(error, **tags):
        @dg.op
        def load():
            raise error

        @dg.job(name="hourly")
        def hourly():
            load()

        return hourly.execute_in_process(instance=instance, raise_on_error=False, tags=tags).run_id

    return run


def test_what_failed_before_the_sensor_first_looked_is_history(fail, tick, posted, monkeypatch):
    fail(ValueError())
    monkeypatch.setattr("musicflow_dagster.automation.alerts.ONE_MOMENT", timedelta(0))
    cursor = tick().cursor

    assert posted == []
    assert tick(cursor).skip_reason.skip_message == "no run has failed since the last tick"


def test_a_run_that_failed_is_told_once(fail, tick, posted):
    cursor = tick().cursor
    hours = range_tags(HourRange(FIRST_HOUR, FIRST_HOUR.replace(hour=3)))
    run_id = fail(dg.Failure("1 hours of raw.listen_events were left as they were"), **hours)
    first = tick(cursor)
    tick(first.cursor)

    [text] = posted
    assert text == (
        "MusicFlow: hourly of 2026-01-01-00:00 to 2026-01-01-02:00 failed: load: 1 hours of "
        f"raw.listen_events were left as they were (run {run_id[:8]}). "
        "(docs/runbook.md#failed_runs)"
    )


def test_of_other_errors_only_the_type_is_told(fail, tick, posted):
    cursor = tick().cursor
    fail(ValueError("Zebulon Quux, 83701"))
    tick(cursor)

    assert "load: ValueError" in posted[0]
    assert "Zebulon" not in posted[0]


def test_that_it_is_tried_again_is_told(fail, tick, posted):
    cursor = tick().cursor
    fail(ValueError(), **{"dagster/will_retry": "true"})
    tick(cursor)

    assert "It is tried again." in posted[0]


def test_a_run_that_was_killed_outside_its_steps_is_told(tick, instance, posted):
    cursor = tick().cursor
    instance.add_run(dg.DagsterRun(job_name="hourly", status=dg.DagsterRunStatus.FAILURE))
    tick(cursor)

    assert "it ended before or outside its steps" in posted[0]


def test_while_the_webhook_is_away_failures_wait_and_none_is_lost(fail, tick, posted, monkeypatch):
    def refuse(*_):
        raise UnavailableError("away")

    cursor = tick().cursor
    first, second = fail(ValueError()), fail(KeyError())
    with monkeypatch.context() as context:
        context.setattr("contracts.webhook.Webhook.post", refuse)
        cursor = tick(cursor).cursor
    cursor = tick(cursor).cursor
    tick(cursor)

    assert [text.partition("(run ")[2][:8] for text in posted] == [first[:8], second[:8]]


def test_without_a_webhook_it_is_logged(fail, tick):
    cursor = tick().cursor
    fail(ValueError())

    assert "load: ValueError" in tick(cursor).skip_reason.skip_message
