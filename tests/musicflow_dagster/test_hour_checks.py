"""The watching checks of raw hours, in real runs of the load alone."""

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from contracts.events import LISTEN_EVENTS
from contracts.lake import HOUR
from musicflow_dagster.assets.hour_checks import ABOUT, HOURS_TOLD_ONE_BY_ONE
from musicflow_dagster.assets.raw import raw_asset
from musicflow_dagster.assets.rejects_check import rejects_checks
from musicflow_dagster.hours import HourRange
from musicflow_dagster.partitions import hourly_partitions, range_tags
from musicflow_dagster.resources import lake_resource, warehouse_resource
from tests.builders import FIRST_HOUR, hour_of_listens

pytestmark = [
    pytest.mark.integration,
    # As the code location does: what we rely on of these is tested.
    pytest.mark.filterwarnings("ignore::dagster.PreviewWarning"),
    pytest.mark.filterwarnings("ignore::dagster.BetaWarning"),
]
RAW = dg.AssetKey(["raw", "listen_events"])


@pytest.fixture
def load(settings, instance):
    """Loads so many hours of listens in one run."""
    asset = raw_asset(LISTEN_EVENTS, settings, hourly_partitions(settings.start))
    definitions = dg.Definitions(
        assets=[asset],
        jobs=[dg.define_asset_job("load", executor_def=dg.in_process_executor)],
        resources={"lake": lake_resource(settings), "warehouse": warehouse_resource(settings)},
    )

    def run(count: int) -> dg.ExecuteInProcessResult:
        hours = HourRange(FIRST_HOUR, FIRST_HOUR + count * HOUR)
        job = definitions.resolve_job_def("load")
        return job.execute_in_process(instance=instance, tags=range_tags(hours))

    return run


def verdicts(instance, name):
    """What stands for each hour, by its partition."""
    history = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(RAW, name), limit=200
    )
    return {each.partition: each.status.value for each in history if each.partition}


def test_each_hour_of_a_short_range_has_its_verdicts_and_numbers(load, instance, lake):
    lake.land("listen_events", hour_of_listens(0, 95) + hour_of_listens(0, 6))
    lake.land("listen_events", hour_of_listens(1, 5))
    result = load(2)
    [newest] = instance.fetch_materializations(RAW, limit=1).records
    on_range = {
        each.check_name: (each.passed, each.severity.name)
        for each in result.get_asset_check_evaluations()
    }

    assert result.success
    assert verdicts(instance, "few_duplicates") == {
        "2026-01-01-00:00": "FAILED",
        "2026-01-01-01:00": "SUCCEEDED",
    }
    assert set(verdicts(instance, "volume_is_usual").values()) == {"SUCCEEDED"}
    assert on_range["few_duplicates"] == (False, "WARN")
    assert {"late_rows", "duplicate_share", "weeks_compared", "bytes", "load_seconds"} <= set(
        newest.asset_materialization.metadata
    )


def test_of_a_long_range_only_the_odd_hours_have_verdicts_of_their_own(load, instance, lake):
    count = HOURS_TOLD_ONE_BY_ONE + 1
    lake.land("listen_events", hour_of_listens(3, 95) + hour_of_listens(3, 6))
    result = load(count)
    summary = {each.check_name: each for each in result.get_asset_check_evaluations()}
    told = [hour for hour, status in verdicts(instance, "few_duplicates").items()
            if status in {"FAILED", "SUCCEEDED"}]  # fmt: skip

    assert told == ["2026-01-01-03:00"]
    assert set(ABOUT) <= summary.keys()
    assert summary["few_duplicates"].metadata["hours"].value == count
    assert summary["few_duplicates"].metadata["newest_odd_hours"].value == {
        "2026-01-01-03:00": "5.9% of 101 rows are copies of others; 5.0% are usual"
    }


def test_an_odd_hour_stops_nothing(load, lake):
    lake.land("listen_events", hour_of_listens(0, 95) + hour_of_listens(0, 6))

    assert load(1).success


@pytest.mark.parametrize(
    ("rejected", "passed"), [(2, True), (6, False)], ids=["few", "more than usual"]
)
def test_the_rejects_of_an_hour_can_be_asked_for_at_any_time(
    settings, instance, lake, rejected, passed
):
    lake.land(
        "listen_events", hour_of_listens(0, 100 - rejected), rejected={"wrong_type": rejected}
    )
    hours = hourly_partitions(settings.start)
    [check, *_] = rejects_checks(settings, hours)
    job = dg.Definitions(asset_checks=[check]).resolve_implicit_global_asset_job_def()
    ran = job.execute_in_process(instance=instance, tags={PARTITION_NAME_TAG: "2026-01-02-00:00"})
    [evaluation] = ran.get_asset_check_evaluations()
    told = evaluation.metadata["2026-01-02-00:00"].value

    assert (evaluation.passed, evaluation.severity.name) == (passed, "WARN")
    assert told["reject_share"] == rejected / 100
