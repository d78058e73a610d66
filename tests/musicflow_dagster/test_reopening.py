"""Late hours are opened again together, one run a minute; new hours never wait for that."""

from datetime import timedelta

import dagster as dg
import pytest

from contracts.lake import HOUR
from musicflow_dagster.automation import reopening
from musicflow_dagster.automation.reopening import calmed, joined
from musicflow_dagster.automation.requests import PLAN_TAG, REOPENS_TAG, only_reopens
from musicflow_dagster.automation.schedules import sweeper
from musicflow_dagster.automation.sensors import manifest_sensor
from musicflow_dagster.hours import HourRange
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.planner import Build, Plan
from tests.builders import FIRST_HOUR
from tests.musicflow_dagster.test_settling import World


def late(first, end, reopened=None):
    hours = HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)
    return Build((hours,), f"{hours}/{first}", len(hours) if reopened is None else reopened)


def spans(builds):
    """The ranges of each run, as numbers of hours."""
    return [
        [
            (int((each.start - FIRST_HOUR) / HOUR), int((each.end - FIRST_HOUR) / HOUR))
            for each in build.ranges
        ]
        for build in builds
    ]


def reopen_now(instance):
    instance.add_run(dg.DagsterRun(job_name="hourly", tags={REOPENS_TAG: "yes"}))


@pytest.mark.parametrize(
    ("builds", "held", "together"),
    [
        pytest.param([(0, 1)], [], [[(0, 1)]], id="one"),
        pytest.param([(0, 1), (3, 4), (9, 10)], [], [[(0, 10)]], id="close to each other"),
        pytest.param([(0, 1), (8, 9)], [], [[(0, 1), (8, 9)]], id="farther apart"),
        pytest.param([(0, 1), (8, 9), (9_000, 9_001)], [], [[(0, 1), (8, 9), (9_000, 9_001)]],
                     id="a year apart"),
        pytest.param([(0, 1), (3, 4)], [2], [[(0, 1), (3, 4)]], id="a refused hour between"),
        pytest.param([(0, 5), (6, 11), (12, 14)], [], [[(0, 11)], [(12, 14)]],
                     id="too many for a run"),
        pytest.param([(0, 6), (20, 24), (40, 44)], [], [[(0, 6), (20, 24)], [(40, 44)]],
                     id="too many for a run in all"),
    ],
)  # fmt: skip
def test_late_hours_are_built_in_one_run_those_that_are_close_as_one_range(builds, held, together):
    refused = [FIRST_HOUR + hour * HOUR for hour in held]
    runs = list(joined([late(*each) for each in builds], refused, run_hours=12))

    assert spans(runs) == together
    assert all(only_reopens(each) for each in runs)


def test_what_was_joined_has_a_key_by_the_content_of_its_parts():
    once, again = (next(joined([late(0, 1), late(2, end)], [], 99)).key for end in (3, 4))

    assert once != again
    assert next(joined([late(0, 1), late(2, 3)], [], 99)).key == once


def test_within_a_minute_of_a_reopening_only_new_hours_are_built(instance):
    plan = Plan((late(0, 1), late(9, 11, reopened=1)), None)
    before = spans(calmed(instance, plan, 168))
    reopen_now(instance)

    assert before == [[(9, 11)], [(0, 1)]]
    assert spans(calmed(instance, plan, 168)) == [[(9, 11)]]


def test_late_hours_that_fail_again_and_again_keep_no_others_from_their_turn(instance):
    failing, other = late(0, 168), late(200, 201)
    instance.add_run(
        dg.DagsterRun(
            job_name="hourly", status=dg.DagsterRunStatus.FAILURE, tags={PLAN_TAG: failing.key}
        )
    )

    assert calmed(instance, Plan((failing, other), None), 168) == [other]


def test_the_schedule_says_why_late_hours_wait(world, instance):
    world._land([3])
    reopen_now(instance)
    [run] = instance.get_runs()
    instance.report_run_failed(run)
    context = dg.build_schedule_context(instance=instance)

    assert "follow within a minute" in sweeper(world.settings)(context).skip_message


@pytest.fixture
def world(tmp_path):
    """30 hours that are built."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path / "home", patch)
        world.step(list(range(30)), 30, 99, None)
        assert not world.plan().builds
        yield world


def test_late_batches_of_a_minute_are_one_run_and_what_lands_meanwhile_follows(world, monkeypatch):
    def tick():
        context = dg.build_sensor_context(instance=world.instance)
        return manifest_sensor(world.settings)(context)

    world._land([3, 5, 20])
    [request] = tick().run_requests
    run = dg.DagsterRun(
        job_name="hourly", status=dg.DagsterRunStatus.SUCCESS, tags=dict(request.tags)
    )
    world.instance.add_run(run)
    world._build(3)  # what the run was asked for, as the planner sees it
    world._land([12])
    meanwhile = tick()
    monkeypatch.setattr(reopening, "AT_MOST_EVERY", timedelta(hours=-1))
    [later] = tick().run_requests

    asked = [HourRange(FIRST_HOUR + first * HOUR, FIRST_HOUR + end * HOUR)
             for first, end in ((3, 6), (20, 21))]  # fmt: skip
    assert range_tags(*asked).items() <= request.tags.items()
    assert not meanwhile.run_requests
    assert "within a minute" in meanwhile.skip_reason.skip_message
    assert range_tags(HourRange(FIRST_HOUR + 12 * HOUR, FIRST_HOUR + 13 * HOUR)).items() <= (
        later.tags.items()
    )
