"""What `musicflow forget` tells landing, and what it makes of the answer."""

import pytest

from contracts.errors import MusicFlowError
from contracts.suppression import read_suppressions
from musicflow_dagster.forgetting import steps
from musicflow_dagster.forgetting.steps import Forgetting
from musicflow_dagster.streaming_process import streaming
from tests.musicflow_dagster.forgetting import USER
from tests.musicflow_dagster.test_forget_steps import platform, run

__all__ = ["platform"]  # a fixture

NOT_REWRITTEN = "Postgres: deleted rows in the files of raw_events until their owner vacuums"


@pytest.fixture
def answers(platform, monkeypatch) -> dict:
    """What landing answers beside what it erases of the lake."""
    told: dict = {}
    monkeypatch.setattr(steps, "streaming", lambda *_: platform.erase().as_json() | told)
    return told


def test_the_user_who_was_asked_for_is_erased_whoever_the_environment_names(
    platform, settings, monkeypatch
):
    monkeypatch.setenv("MUSICFLOW_FORGET_USER", "42")

    streaming(settings, ["erase", "--by", "a test"], f"{USER}\n")

    assert read_suppressions(platform.lake.store, settings.suppression).among([USER, 42]) == {USER}


def test_an_answer_about_another_user_ends_it(platform, settings, monkeypatch):
    monkeypatch.setattr(steps, "streaming", lambda *_: platform.erase_user(99).as_json())

    with pytest.raises(MusicFlowError, match="landing has erased another user than was asked for"):
        Forgetting(settings, USER).run()

    assert USER in platform.users()
    assert not settings.erasures.exists()


def test_what_landing_cannot_erase_is_reported(settings, answers):
    answers["remains"] = [NOT_REWRITTEN]

    report = Forgetting(settings, USER).run()

    assert [each.what for each in report.remains if each.where == "landing"] == [NOT_REWRITTEN]
    assert {"bucket", "Postgres"}.isdisjoint(each.where for each in report.remains)


def test_a_user_of_the_live_counts_alone_was_found(platform, answers, monkeypatch):
    monkeypatch.setattr(
        steps, "streaming", lambda *_: platform.erase_user(99).as_json() | {"live": 2}
    )

    done = run("--user", "99", "--yes")

    assert "live counts" in done.output
    assert "Nothing of this user was found" not in done.output


def test_rows_that_another_run_erased_still_count(settings, answers):
    answers |= {"live": 2, "postgres": {"raw_events": 3}}
    Forgetting(settings, USER).run()
    answers |= {"live": 0, "postgres": {"raw_events": 0}}
    report = Forgetting(settings, USER).run()

    assert (report.live, report.postgres) == (2, {"raw_events": 3})
