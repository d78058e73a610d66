"""Landing's health in Dagster: reported when it changes, and silence told by somebody else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from contracts.errors import UnavailableError
from contracts.health import Alert, StreamHealth, write_health
from musicflow_dagster.automation.stream_health import stream_checks, stream_sensor

TOPIC = "listen_events"
NOW = datetime.now(UTC)
WELL = StreamHealth(TOPIC, "running", NOW, NOW + timedelta(hours=1), lag_messages=5)
MANY_REJECTS = replace(WELL, alerts=(Alert("many_rejects", NOW, "listen_events: 7% rejected"),))
SILENT = replace(WELL, next_by=NOW - timedelta(seconds=1))
FAILED = replace(WELL, state="failed")


@pytest.fixture
def tick(settings, instance, lake):
    """Evaluates the sensor on a health record, or none."""

    def run(health: StreamHealth | None, cursor: str | None = None):
        if health:
            write_health(lake.store, health)
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return stream_sensor(settings)(context)

    return run


@pytest.mark.parametrize(
    ("health", "passed", "severity", "problem"),
    [
        pytest.param(WELL, True, "WARN", None, id="well"),
        pytest.param(MANY_REJECTS, False, "WARN", "many_rejects", id="an alert of landing's"),
        pytest.param(SILENT, False, "ERROR", "silent", id="not heard of"),
        pytest.param(FAILED, False, "ERROR", "failed", id="ended by itself"),
        pytest.param(replace(SILENT, state="stopped"), True, "WARN", None, id="stopped"),
    ],
)
def test_health_becomes_a_check_of_the_lakes_asset(tick, health, passed, severity, problem):
    [evaluation] = tick(health).asset_events

    assert evaluation.asset_key == dg.AssetKey(["lake", TOPIC])
    assert (evaluation.passed, evaluation.severity.name) == (passed, severity)
    assert evaluation.metadata["lag_messages"].value == 5
    assert problem is None or problem in evaluation.metadata


def test_only_changes_are_reported(tick):
    first = tick(WELL)
    second = tick(WELL, first.cursor)
    third = tick(MANY_REJECTS, second.cursor)

    assert (len(first.asset_events), len(second.asset_events), len(third.asset_events)) == (1, 0, 1)
    assert second.skip_reason.skip_message == "landing is healthy"
    assert third.skip_reason.skip_message == "listen_events: 7% rejected"


def test_silence_is_posted_when_it_begins_and_when_it_ends(tick, posted):
    cursor = tick(SILENT).cursor
    cursor = tick(SILENT, cursor).cursor
    cursor = tick(WELL, cursor).cursor
    tick(WELL, cursor)

    assert posted == [
        "MusicFlow: landing is not heard of: listen_events (docs/runbook.md#silent)",
        "MusicFlow: landing is heard of again",
    ]


def test_what_landing_posts_itself_is_not_posted_twice(tick, posted):
    tick(MANY_REJECTS)

    assert posted == []


def test_a_silence_that_could_not_be_posted_is_posted_later(tick, posted, monkeypatch):
    def refuse(*_):
        raise UnavailableError("away")

    with monkeypatch.context() as context:
        context.setattr("contracts.webhook.Webhook.post", refuse)
        cursor = tick(SILENT).cursor
    tick(SILENT, cursor)

    assert len(posted) == 1


def test_before_landing_ran_there_is_nothing_to_say(tick):
    assert "has not run here" in tick(None).skip_message


@pytest.mark.parametrize(("health", "passed"), [(None, True), (WELL, True), (SILENT, False)])
def test_the_check_can_be_asked_at_any_time(settings, lake, instance, health, passed):
    if health:
        write_health(lake.store, health)
    check = next(each for each in stream_checks(settings) if TOPIC in str(each.check_key))

    result = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    ran = result.execute_in_process(instance=instance)

    [evaluation] = ran.get_asset_check_evaluations()
    assert evaluation.passed is passed
