"""The event log against Dagster's own: the same events give the same tables."""

import dagster as dg
import pytest
from dagster._core.events import DagsterEventBatchMetadata
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import text

from musicflow_dagster.event_log import BATCH_VARIABLE, QuickEventLog
from musicflow_dagster.instance import opened_instance

HOURS = dg.HourlyPartitionsDefinition("2026-01-01-00:00")
RANGE = {
    "dagster/asset_partition_range_start": "2026-01-01-00:00",
    "dagster/asset_partition_range_end": "2026-01-01-05:00",
}
TIMES = ("timestamp", "evaluation_event_timestamp", "create_timestamp", "cached_status_data")


@pytest.fixture(autouse=True)
def batches_end_with_the_test(monkeypatch):
    monkeypatch.setenv(BATCH_VARIABLE, "4")


def definitions():
    """An asset with numbers and a check per hour, and one that fails."""

    @dg.asset(
        partitions_def=HOURS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=[dg.AssetCheckSpec("is_whole", asset="raw")],
    )
    def raw(context):
        for key in context.partition_keys:
            context.add_asset_metadata({"rows": 7}, "raw", key)
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])

    @dg.asset(deps=[raw], partitions_def=HOURS, backfill_policy=dg.BackfillPolicy.single_run())
    def broken():
        raise dg.Failure("it has to fail", allow_retries=False)

    return dg.Definitions([raw, broken], executor=dg.in_process_executor)


def run(instance):
    with pytest.warns(dg.BetaWarning):  # as Dagster calls backfills in one run
        job = definitions().resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, tags=RANGE, raise_on_error=False)


def instance_with(log_class, folder):
    where = {"module": log_class.__module__, "class": log_class.__name__}
    return dg.instance_for_test(
        temp_dir=str(folder),
        overrides={"event_log_storage": where | {"config": {"base_dir": str(folder / "log")}}},
    )


def tables(storage, run_id):
    """What the databases hold, but for times and ids that no two runs share."""
    found = {}
    for name, connected in (
        ("run", storage.run_connection(run_id)),
        ("index", storage.index_connection()),
    ):
        with connected as connection:
            for table, columns in {
                "event_logs": "id, dagster_event_type, step_key, asset_key, partition",
                "asset_keys": "asset_key",
                "asset_check_executions": "asset_key, check_name, partition, execution_status, "
                "evaluation_event_storage_id, materialization_event_storage_id",
                "asset_event_tags": "asset_key, key, event_id",
            }.items():
                rows = connection.execute(text(f"select {columns} from {table}")).fetchall()
                found[name, table] = sorted(map(str, rows))
    return found


def test_a_range_leaves_the_tables_that_dagsters_own_log_leaves(tmp_path, monkeypatch):
    found = []
    for log_class, at_once in ((QuickEventLog, "4"), (SqliteEventLogStorage, "0")):
        monkeypatch.setenv(BATCH_VARIABLE, at_once)
        folder = tmp_path / log_class.__name__
        folder.mkdir()
        with instance_with(log_class, folder) as instance:
            assert type(instance.event_log_storage) is log_class
            result = run(instance)
            found.append(tables(instance.event_log_storage, result.run_id))
            keys = instance.get_materialized_partitions(dg.AssetKey("raw"))
            assert len(keys) == 6

    assert len(found[0]["index", "event_logs"]) > 12
    assert found[0] == found[1]


def test_dagsters_own_log_reads_what_this_one_stored(tmp_path):
    with opened_instance(tmp_path) as instance:
        assert type(instance.event_log_storage) is QuickEventLog
        run_id = run(instance).run_id
        stored = len(instance.all_logs(run_id))
    own = SqliteEventLogStorage(str(tmp_path / "history" / "runs"))

    assert len(own.get_logs_for_run(run_id)) == stored > 12


def test_a_batch_that_cannot_be_stored_leaves_nothing_of_itself(tmp_path, monkeypatch):
    with opened_instance(tmp_path) as instance:
        run_id = run(instance).run_id
        before = tables(instance.event_log_storage, run_id)
        events = [
            record.event_log_entry
            for record in instance.fetch_materializations(dg.AssetKey("raw"), limit=9).records
        ]
        monkeypatch.setattr(
            SqliteEventLogStorage, "store_event", half_way(SqliteEventLogStorage.store_event, 3)
        )
        with pytest.raises(OSError, match="disk"):
            instance.event_log_storage.store_event_batch(events)

        assert tables(instance.event_log_storage, run_id) == before


def half_way(store_event, how_many):
    stored = []

    def until_the_disk_is_full(self, event):
        stored.append(event)
        if len(stored) > how_many:
            raise OSError("disk full")
        store_event(self, event)

    return until_the_disk_is_full


def test_events_of_a_batch_are_stored_together(tmp_path):
    """Four at once: the first three wait for the fourth, which is also seen by others at once."""
    with opened_instance(tmp_path) as instance:
        run_id = run(instance).run_id
        before = len(instance.all_logs(run_id))
        record = instance.fetch_materializations(dg.AssetKey("raw"), limit=1).records[0]
        seen = []
        for _ in range(4):
            batch = DagsterEventBatchMetadata("batch", is_end=False)
            instance.handle_new_event(record.event_log_entry, batch_metadata=batch)
            with dg.DagsterInstance.from_config(str(tmp_path)) as beside:
                seen.append(len(beside.all_logs(run_id)) - before)

    assert seen == [0, 0, 0, 4]


def test_many_runs_keep_few_databases_open(tmp_path):
    with opened_instance(tmp_path) as instance:
        runs = [run(instance).run_id for _ in range(3)]
        for run_id in runs:
            instance.all_logs(run_id)

        assert len(instance.event_log_storage._engines) == 2


def test_after_a_wipe_it_begins_anew(tmp_path):
    with opened_instance(tmp_path) as instance:
        run(instance)
        instance.wipe()
        assert instance.fetch_materializations(dg.AssetKey("raw"), limit=9).records == []
        run(instance)

        assert len(instance.fetch_materializations(dg.AssetKey("raw"), limit=9).records) == 6
