"""Health: read as written, and a job that falls silent is told from one that was stopped."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from contracts.errors import LakeError
from contracts.health import Alert, StreamHealth, read_health, write_health
from contracts.store import FolderStore

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEALTH = StreamHealth("listen_events", "running", NOON, NOON + timedelta(minutes=6))


def test_health_is_read_as_it_was_written(tmp_path):
    store = FolderStore(tmp_path)
    assert read_health(store, "listen_events") is None
    health = replace(HEALTH, alerts=(Alert("stalled", NOON, "no progress"),), lag_messages=3)

    write_health(store, health)

    assert read_health(store, "listen_events") == health


def test_an_unreadable_record_is_named(tmp_path):
    store = FolderStore(tmp_path)
    store.put("_health/listen_events.json", b"{}")

    with pytest.raises(LakeError, match=r"_health/listen_events\.json"):
        read_health(store, "listen_events")


@pytest.mark.parametrize(
    ("state", "minutes", "silent"),
    [
        pytest.param("running", 6, False, id="in time"),
        pytest.param("running", 7, True, id="overdue"),
        pytest.param("stopped", 7, False, id="stopped"),
    ],
)
def test_a_job_that_runs_must_be_heard_of(state, minutes, silent):
    health = replace(HEALTH, state=state)

    assert health.is_silent(NOON + timedelta(minutes=minutes)) is silent
