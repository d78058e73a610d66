import dagster as dg
import pytest

from contracts.errors import UnavailableError
from musicflow_dagster.instance import CONFIGURATION, opened_instance, prepare_home


def report_an_hour(instance):
    instance.report_runless_asset_event(dg.AssetMaterialization("raw", partition="2026-01-01"))


def materializations(instance):
    return len(instance.fetch_materializations(dg.AssetKey("raw"), limit=10).records)


def logs_of_sqlite(home):
    return sorted(path.name for path in home.glob("history/**/*.db-wal"))


def test_events_are_not_moved_into_the_database_one_by_one(tmp_path):
    with opened_instance(tmp_path) as instance:
        report_an_hour(instance)
        assert "index.db-wal" in logs_of_sqlite(tmp_path)

    assert logs_of_sqlite(tmp_path) == []


def test_what_one_instance_stored_another_reads_at_once_and_later(tmp_path):
    with opened_instance(tmp_path) as first:
        report_an_hour(first)
        with dg.DagsterInstance.from_config(str(tmp_path)) as beside:
            assert materializations(beside) == 1
            report_an_hour(beside)
        assert materializations(first) == 2
    with opened_instance(tmp_path) as later:
        assert materializations(later) == 2


def test_a_changed_configuration_is_kept(tmp_path):
    prepare_home(tmp_path)
    (tmp_path / CONFIGURATION).write_text("telemetry:\n  enabled: false\n")
    prepare_home(tmp_path)

    assert "pools" not in (tmp_path / CONFIGURATION).read_text()


def test_a_folder_that_cannot_be_made_is_one_clear_error(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(UnavailableError):
        prepare_home(tmp_path / "file" / "dagster")
