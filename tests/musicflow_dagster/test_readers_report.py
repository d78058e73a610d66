"""What a dashboard is told of landing and of runs, without an index or an instance of Dagster."""

from datetime import date, timedelta

import dagster as dg
import pytest

from contracts.errors import LakeError
from contracts.lake import HOUR, REPORT_RECORD, hour_key
from contracts.manifests import DataFile, ManifestLog, Measures
from contracts.report import ArrivedDay, JudgedDay, read_report
from musicflow_dagster.automation.readers import readers_sensor
from musicflow_dagster.commands.running import opened_runner
from musicflow_dagster.hours import HourRange
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.readers_report import DAYS, put_report
from tests.builders import FIRST_HOUR
from tests.contracts.test_manifests import manifest

TOPIC = "listen_events"
DAY = timedelta(days=1)


@pytest.fixture
def log(lake):
    return ManifestLog(lake.store, TOPIC)


@pytest.fixture
def report(settings, instance, lake):
    """The report of now, as a reader finds it."""

    def put_and_read():
        index = manifest_index(settings)
        index.refresh()
        put_report(index, instance, settings.grace)
        return read_report(lake.store)

    return put_and_read


def batch(log, at, *, accepted=0, reasons=None, hour=None, lag=0.0):
    """A batch of `at`, whose accepted rows are all of `hour`."""
    by_reason = reasons or {}
    log.append(
        manifest(
            log.last() + 1,
            batch_at=at,
            committed_at=at,
            accepted=accepted,
            rejected=sum(by_reason.values()),
            rejected_by_reason=by_reason,
            files=(DataFile("f", hour_key(hour), accepted, 1),) if hour else (),
            measures=Measures(1, {}, {}, lag_seconds=lag),
        )
    )


def test_before_dagster_has_run_there_is_no_report(lake):
    assert read_report(lake.store) is None


def test_of_a_lake_without_batches_there_is_nothing_to_tell(report):
    told = report()

    assert (told.judged, told.arrived, told.runs) == ((), (), ())


def test_rejects_are_counted_by_the_day_of_their_batch_and_the_reason(log, report):
    batch(log, FIRST_HOUR, accepted=5, reasons={"oversized": 1, "wrong_type": 2})
    batch(log, FIRST_HOUR + HOUR, accepted=7, reasons={"wrong_type": 1})
    batch(log, FIRST_HOUR + DAY, accepted=1)

    first, second = date(2026, 1, 1), date(2026, 1, 2)
    assert report().judged == (
        JudgedDay(TOPIC, first, 12, 4, {"oversized": 1, "wrong_type": 3}),
        JudgedDay(TOPIC, second, 1, 0),
    )


def test_days_long_before_the_last_batch_are_not_told(log, report):
    batch(log, FIRST_HOUR, accepted=5)
    batch(log, FIRST_HOUR + DAYS * DAY, accepted=7)

    assert [each.accepted for each in report().judged] == [7]


def test_late_is_what_landed_after_its_hour_was_complete(log, report, settings):
    batch(log, FIRST_HOUR + HOUR, accepted=100, hour=FIRST_HOUR)
    batch(log, FIRST_HOUR + 2 * HOUR, accepted=1, hour=FIRST_HOUR + HOUR)
    batch(log, FIRST_HOUR + 3 * HOUR, accepted=3, hour=FIRST_HOUR)

    assert report().arrived == (ArrivedDay(TOPIC, date(2026, 1, 1), rows=104, late=3),)


@pytest.fixture
def run(instance):
    """A run of a job for two hours, which may fail."""

    def execute(error=None):
        @dg.op
        def load():
            if error:
                raise error

        @dg.job(name="hourly")
        def hourly():
            load()

        tags = range_tags(HourRange(FIRST_HOUR, FIRST_HOUR + 2 * HOUR))
        hourly.execute_in_process(instance=instance, raise_on_error=False, tags=tags)

    return execute


def test_runs_are_told_with_their_hours_newest_first_and_why_one_failed(run, report):
    run()
    run(dg.Failure("1 hours of raw.listen_events were left as they were"))
    failed, succeeded = report().runs

    assert (succeeded.state, succeeded.why) == ("succeeded", "")
    assert succeeded.hours == "2026-01-01-00:00 to 2026-01-01-01:00"
    assert succeeded.began_at <= succeeded.ended_at <= failed.began_at
    assert failed.state == "failed"
    assert failed.why == "load: 1 hours of raw.listen_events were left as they were"


def test_no_value_that_an_error_quotes_is_told(run, report):
    run(ValueError("user 4711"))

    assert report().runs[0].why == "load: ValueError"


def test_the_sensor_puts_a_report_when_there_is_something_new(log, lake, run, settings, instance):
    def tick(cursor=None):
        context = dg.build_sensor_context(instance=instance, cursor=cursor)
        return readers_sensor(settings)(context)

    batch(log, FIRST_HOUR, accepted=5)
    first = tick()
    assert read_report(lake.store).judged[0].accepted == 5
    assert tick(first.cursor).skip_message == "nothing is new"

    run()
    second = tick(first.cursor)
    assert [each.state for each in read_report(lake.store).runs] == ["succeeded"]

    batch(log, FIRST_HOUR, accepted=2)
    tick(second.cursor)
    assert read_report(lake.store).judged[0].accepted == 7


def test_commands_that_build_put_the_report_at_their_end(log, lake, settings):
    batch(log, FIRST_HOUR, accepted=5)
    with opened_runner(settings):
        assert read_report(lake.store) is None

    assert read_report(lake.store).judged[0].accepted == 5


def test_a_report_that_cannot_be_read_is_told(lake):
    lake.store.put(REPORT_RECORD, b"{")

    with pytest.raises(LakeError, match=r"_report.json cannot be read"):
        read_report(lake.store)
