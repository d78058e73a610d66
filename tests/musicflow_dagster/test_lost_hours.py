"""A lake that was lost and landed anew takes nothing from the warehouse."""

import shutil
from pathlib import Path

import pytest

from contracts.lake import HOUR
from musicflow_dagster.automation.requests import current_plan
from musicflow_dagster.hours import HourRange
from musicflow_dagster.knowledge import manifest_index
from tests.builders import FIRST_HOUR, LakeBuilder, hour_of_listens
from tests.musicflow_dagster.test_expired_lake import load_and_publish

TOPIC = "listen_events"


def at(*hours: int) -> tuple:
    return tuple(FIRST_HOUR + hour * HOUR for hour in hours)


@pytest.fixture
def plan_of(settings, lake, instance):
    """The plan for a new lake of so many listens an hour, where 4 were built of each before."""
    lake.land(TOPIC, [row for hour in range(4) for row in hour_of_listens(hour, 4)])
    lake.catch_up(FIRST_HOUR + 5 * HOUR)
    load_and_publish(settings)

    def plan(rows: dict[int, int], *, root: Path = lake.root):
        shutil.rmtree(root)
        again = LakeBuilder(root)
        again.store.put("_lake.json", b'{"id": "another"}')
        again.land(TOPIC, [])  # so that other manifests bring the rows
        again.land(TOPIC, [row for hour, n in rows.items() for row in hour_of_listens(hour, n)])
        again.catch_up(FIRST_HOUR + 5 * HOUR)
        return current_plan(instance, manifest_index(settings), settings)

    return plan


def test_hours_of_which_the_new_lake_holds_less_stay_as_they_are(plan_of):
    plan = plan_of({1: 3, 2: 4, 3: 5})

    assert plan.lost == plan.held_back == at(0, 1)
    assert [each.ranges for each in plan.builds] == [(HourRange(*at(2, 4)),)]
    assert "2 hours stay as they are" in plan.loss


def test_a_lake_that_kafka_still_holds_all_of_is_built_again(plan_of):
    plan = plan_of(dict.fromkeys(range(4), 4))

    assert plan.lost == ()
    assert [each.ranges for each in plan.builds] == [(HourRange(*at(0, 4)),)]


def test_the_reason_for_building_nothing_names_what_is_lost(plan_of):
    plan = plan_of({0: 1})

    assert plan.builds == ()
    assert plan.lost == at(0, 1, 2, 3)
    assert "docs/disaster_recovery.md" in plan.reason


def test_a_lost_warehouse_is_built_from_what_there_is(plan_of, settings):
    settings.warehouse.unlink()

    plan = plan_of({0: 1})

    assert (plan.lost, plan.held_back) == ((), ())
    assert [each.ranges for each in plan.builds] == [(HourRange(*at(0, 4)),)]
