"""Dagster lets landing's own commands work on the lake, and reports what came of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from contracts.lake import HOUR
from contracts.store import FolderStore
from musicflow_dagster.automation.lake_jobs import (
    expiry_job,
    expiry_schedule,
    first_kept,
    replay_job,
)
from musicflow_dagster.planner import Plan
from streaming.lake_record import claim
from tests.builders import FIRST_HOUR, LakeBuilder
from tests.streaming.messages import listen
from tests.streaming.rejecting import RejectingLake

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
BUILT_UNTIL = datetime(2026, 2, 1, tzinfo=UTC)
JUDGED = {"from": "2026-01-02T12", "to": "2026-01-02T13"}


@pytest.mark.parametrize(
    ("days", "settled_until", "first"),
    [
        pytest.param(7, NOW, datetime(2026, 2, 22, 12, tzinfo=UTC), id="all is built"),
        pytest.param(7, BUILT_UNTIL, BUILT_UNTIL, id="older hours wait to be built"),
        pytest.param(7, None, None, id="nothing was ever built"),
        pytest.param(None, NOW, None, id="everything is kept"),
    ],
)
def test_nothing_goes_before_it_is_built(days, settled_until, first):
    assert first_kept(days, Plan((), NOW, settled_until=settled_until), NOW) == first


def test_the_schedule_asks_only_where_something_is_to_go(settings):
    kept = expiry_schedule(settings)(dg.build_schedule_context())
    limited = settings.model_copy(update={"retention_days": 30})

    assert "everything is kept" in kept.skip_message
    assert isinstance(expiry_schedule(limited)(dg.build_schedule_context()), dg.RunRequest)


@pytest.fixture
def rejecting(settings, monkeypatch) -> RejectingLake:
    """Two rejects, one of which only the tests' own limits refuse."""
    monkeypatch.delenv("MUSICFLOW_MAX_EVENT_BYTES", raising=False)
    lake = RejectingLake(FolderStore(Path(settings.lake)))
    claim(lake.store)
    lake.land(listen(0, tag="x" * 20_000), b"not json")
    return lake


def replayed(settings, **config):
    result = replay_job(settings).execute_in_process(
        run_config={"ops": {"replay": {"config": JUDGED | config}}}, raise_on_error=False
    )
    observed = {
        each.asset_key.path[-1]: each.asset_observation_data.asset_observation.metadata
        for each in result.all_events
        if each.is_asset_observation
    }
    return result, observed


@pytest.mark.integration
def test_the_job_replays_rejects_once_however_often_it_runs(settings, rejecting):
    _, first = replayed(settings)
    _, second = replayed(settings, events=["listen_events"])

    counts = [(each["listen_events"]["judged"].value, each["listen_events"]["landed"].value)
              for each in (first, second)]  # fmt: skip
    assert counts == [(2, 1), (1, 0)]
    assert set(second) == {"listen_events"}
    assert rejecting.replayed_offsets() == [0]


@pytest.mark.integration
def test_a_job_that_cannot_do_it_says_why_in_one_line(settings, rejecting):
    result, _ = replayed(settings, to="2026-01-01T00")
    [failure] = [each for each in result.all_events if each.is_step_failure]

    assert failure.step_failure_data.user_failure_data.description == (
        "replay: give --from and --to, the first hour and the one to stop before"
    )


@pytest.mark.integration
def test_the_job_deletes_what_is_too_old_and_waits_for_no_build(settings, rejecting):
    # Nothing was built yet: all stays.
    limited = settings.model_copy(update={"retention_days": 1})
    kept = expiry_job(limited).execute_in_process()
    assert any(rejecting.store.list("rejected"))
    assert kept.success

    LakeBuilder(rejecting.store.root).catch_up(datetime.now(UTC) + timedelta(hours=2))
    settled = Plan((), NOW, settled_until=FIRST_HOUR + 1000 * HOUR)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("musicflow_dagster.automation.lake_jobs.current_plan", lambda *_: settled)
        assert expiry_job(limited).execute_in_process().success

    assert not any(rejecting.store.list("rejected"))
