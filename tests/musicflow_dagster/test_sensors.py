from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from contracts.lake import HOUR
from contracts.manifests import Measures
from musicflow_dagster.assets.run_hours import REFUSED_HOURS_TAG, REFUSED_TAG
from musicflow_dagster.automation.requests import PLAN_TAG, current_plan
from musicflow_dagster.automation.schedules import sweeper
from musicflow_dagster.automation.sensors import manifest_sensor
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.lake_index import Settled
from musicflow_dagster.planner import fingerprint
from musicflow_dagster.warehouse.lock import WriterLock
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR, hour_of_listens, listen


def tick(settings, instance, cursor=None):
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    return manifest_sensor(settings)(context)


def sweep(settings, instance):
    context = dg.build_schedule_context(instance=instance)
    return sweeper(settings)(context)


def add_run(instance, key, status, **tags):
    instance.add_run(dg.DagsterRun(job_name="hourly", status=status, tags={PLAN_TAG: key, **tags}))


def key_of(request):
    return request.tags[PLAN_TAG]


def caught_up(lake, hours):
    lake.catch_up(FIRST_HOUR + timedelta(hours=hours, minutes=6))


def rejected_hours(result):
    events = [each for each in result.asset_events if isinstance(each, dg.AssetMaterialization)]
    return [each for each in events if each.asset_key.path[0] == "rejected"]


def test_without_a_lake_it_says_so(settings, instance):
    assert "there is no lake" in tick(settings, instance).skip_message


def test_each_batch_is_reported_once_with_its_counts(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 3), rejected={"wrong_type": 2})
    first = tick(settings, instance)
    observed = [each for each in first.asset_events if isinstance(each, dg.AssetObservation)]
    [hour] = rejected_hours(first)

    assert [each.metadata["accepted"].value for each in observed] == [3]
    assert hour.metadata["by_reason"].value == {"wrong_type": 2}
    assert list(tick(settings, instance, first.cursor).asset_events) == []


def test_rejected_hours_show_all_their_rejects_by_reason(settings, instance, lake):
    lake.land("listen_events", [], rejected={"wrong_type": 2})
    first = tick(settings, instance)
    lake.land("listen_events", [], rejected={"wrong_type": 1, "oversized": 4})
    [hour] = rejected_hours(tick(settings, instance, first.cursor))

    assert hour.partition == "2026-01-02-00:00"
    assert hour.metadata["by_reason"].value == {"oversized": 4, "wrong_type": 3}
    assert (hour.metadata["rejected"].value, hour.metadata["batches"].value) == (7, 2)


def evaluations(result, name):
    checks = [each for each in result.asset_events if isinstance(each, dg.AssetCheckEvaluation)]
    return [each for each in checks if each.check_name == name]


@pytest.mark.parametrize(
    ("rejected", "passed"), [(2, True), (6, False)], ids=["few", "more than usual"]
)
def test_the_share_of_rejects_is_a_check_of_the_hour_that_judged_them(
    settings, instance, lake, rejected, passed
):
    accepted = hour_of_listens(0, 100 - rejected)
    lake.land("listen_events", accepted, rejected={"wrong_type": rejected})
    [check] = evaluations(tick(settings, instance), "few_rejects")

    assert (check.passed, check.metadata["reject_share"].value) == (passed, rejected / 100)
    assert (check.metadata["hour"].value, check.severity.name) == ("2026-01-02-00:00", "WARN")


def test_an_hour_that_gets_rejects_again_is_judged_again(settings, instance, lake):
    for rejected in (2, 30):
        accepted = hour_of_listens(0, 100 - rejected)
        lake.land("listen_events", accepted, rejected={"wrong_type": rejected})
        for check in evaluations(tick(settings, instance), "few_rejects"):
            instance.report_runless_asset_event(check)
    history = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey(["rejected", "listen_events"]), "few_rejects"), limit=9
    )

    assert [each.status.value for each in reversed(history)] == ["SUCCEEDED", "FAILED"]


def test_a_batch_shows_how_it_went(settings, instance, lake):
    measures = Measures(
        900, {"plan": 0.25, "land": 2.0}, {}, lag_messages=3, lag_seconds=1.5,
        delay_p50_seconds=4.0, delay_p95_seconds=9.0,
    )  # fmt: skip
    lake.land("listen_events", hour_of_listens(0, 3), measures=measures)
    [batch] = [
        each
        for each in tick(settings, instance).asset_events
        if isinstance(each, dg.AssetObservation)
    ]
    shown = {name: batch.metadata[name].value for name in ("bytes_in", "seconds", "lag_seconds")}

    assert shown == {"bytes_in": 900, "seconds": 2.25, "lag_seconds": 1.5}
    assert batch.metadata["delay_p95_seconds"].value == 9.0


def checked(result):
    [check] = evaluations(result, "every_offset_is_accounted_for")
    return check.passed, check.metadata["findings"].value, check.metadata["accepted_gaps"].value


def test_each_tick_checks_the_offsets_of_what_is_new(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 3))
    first = tick(settings, instance)
    lake.offsets["listen_events"] += 5
    lake.land("listen_events", hour_of_listens(1, 1))
    second = tick(settings, instance, first.cursor)
    lake.land("listen_events", hour_of_listens(2, 1))

    assert checked(first) == (True, [], [])
    broken = "manifest 2: partition 0: starts at offset 8, the batch before ended at 3"
    assert checked(second) == (False, [broken], [])
    assert checked(tick(settings, instance, second.cursor)) == (True, [], [])


def test_an_accepted_gap_passes_the_check_and_is_shown(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 3))
    lake.accept_gap("listen_events", 5)
    lake.land("listen_events", hour_of_listens(1, 1))
    passed, findings, [gap] = checked(tick(settings, instance))

    assert (passed, findings) == (True, [])
    assert "partition 0: offsets 3 to 7 were deleted" in gap
    assert "accepted by Ada" in gap


def test_a_sensor_whose_cursor_has_expired_goes_on_after_it(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 3))
    first = tick(settings, instance)
    for hour in (1, 2, 3):
        lake.land("listen_events", hour_of_listens(hour, 1))
    expire_event(lake.store, "listen_events", FIRST_HOUR + 48 * HOUR)
    second = tick(settings, instance, first.cursor)
    kinds = [
        each.metadata["kind"].value
        for each in second.asset_events
        if isinstance(each, dg.AssetObservation)
    ]

    assert kinds == ["expired", "stream"]
    assert checked(second) == (True, [], [])
    assert list(tick(settings, instance, second.cursor).asset_events) == []


def test_a_batch_for_old_hours_unsettles_them(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    index = manifest_index(settings)
    index.refresh()
    index.settle(Settled(FIRST_HOUR + HOUR, "w", 1, "rules"), index.refresh())
    assert index.settled().until == FIRST_HOUR + HOUR

    lake.land("listen_events", [listen(0, 5)])
    index.refresh()

    assert index.settled().until == FIRST_HOUR


def test_what_landed_meanwhile_keeps_hours_unsettled(settings, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    index = manifest_index(settings)
    seqs = index.refresh()
    lake.land("listen_events", [listen(0, 5)])
    index.refresh()

    index.settle(Settled(FIRST_HOUR + HOUR, "w", 1, "rules"), seqs)

    assert index.settled() is None


def test_the_hours_of_the_lake_show_what_reached_them(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 3) + hour_of_listens(1, 2))
    reported = {
        each.partition: each.metadata["rows_added"].value
        for each in tick(settings, instance).asset_events
        if isinstance(each, dg.AssetMaterialization)
    }

    assert reported == {"2026-01-01-00:00": 3, "2026-01-01-01:00": 2}


def test_complete_hours_are_asked_for_as_one_range(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1) + hour_of_listens(2, 1))
    caught_up(lake, 3)
    [request] = tick(settings, instance).run_requests

    assert request.tags[ASSET_PARTITION_RANGE_START_TAG] == "2026-01-01-00:00"
    assert request.tags[ASSET_PARTITION_RANGE_END_TAG] == "2026-01-01-02:00"


def test_sensor_and_schedule_ask_for_the_same_run(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    [sensed] = tick(settings, instance).run_requests
    [swept] = sweep(settings, instance)

    assert (sensed.run_key, sensed.tags) == (swept.run_key, swept.tags)


def test_while_a_build_is_under_way_nothing_is_asked_for(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    add_run(instance, "any", dg.DagsterRunStatus.STARTED)

    assert not tick(settings, instance).run_requests
    assert "under way" in sweep(settings, instance).skip_message


def test_while_somebody_writes_to_the_warehouse_nothing_is_asked_for(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    lock = WriterLock(settings.warehouse)
    lock.acquire()

    assert not tick(settings, instance).run_requests
    lock.release()
    assert tick(settings, instance).run_requests


def test_a_run_that_was_killed_long_ago_stops_nothing(settings, instance, lake, monkeypatch):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    add_run(instance, "killed", dg.DagsterRunStatus.STARTED)
    monkeypatch.setattr("musicflow_dagster.automation.requests.UNCONFIRMED", timedelta(hours=-1))

    assert tick(settings, instance).run_requests


def test_what_failed_is_tried_again_by_the_schedule_alone_with_another_key(
    settings, instance, lake
):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    [first] = tick(settings, instance).run_requests
    add_run(instance, key_of(first), dg.DagsterRunStatus.FAILURE)
    [again] = sweep(settings, instance)

    assert not tick(settings, instance).run_requests
    assert key_of(again) == key_of(first)
    assert again.run_key != first.run_key


def test_a_later_load_of_hours_that_failed_is_asked_for_at_once(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    caught_up(lake, 1)
    [first] = tick(settings, instance).run_requests
    add_run(instance, key_of(first), dg.DagsterRunStatus.FAILURE)
    lake.land("listen_events", [listen(0, 5)])

    assert [key_of(each) != key_of(first) for each in tick(settings, instance).run_requests] == [
        True
    ]


def test_refused_hours_wait_and_the_others_are_asked_for(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1) + hour_of_listens(1, 1))
    caught_up(lake, 2)
    index = manifest_index(settings)
    index.refresh()
    events = tuple(index.fingerprints())
    content = fingerprint(index.fingerprints(), events, [FIRST_HOUR + HOUR])
    refused = f'{{"2026-01-01-01:00": "{content}"}}'
    tags = {REFUSED_TAG: "yes", REFUSED_HOURS_TAG: refused}
    add_run(instance, "the range", dg.DagsterRunStatus.FAILURE, **tags)
    plan = current_plan(instance, index, settings)

    assert [str(build) for build in plan.builds] == ["2026-01-01-00:00"]
    assert plan.held_back == (FIRST_HOUR + HOUR,)


def test_the_cursor_of_another_lake_is_not_used(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    other = '{"lake": "another", "seqs": {"listen_events": 99}}'

    assert len(list(tick(settings, instance, other).asset_events)) == 3


def test_a_topic_that_landing_never_saw_is_named(settings, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 1))
    lake.catch_up(FIRST_HOUR + 2 * HOUR, ["listen_events"])

    assert "music_events" in tick(settings, instance).skip_reason.skip_message
