from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from musicflow_dagster.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def nothing_is_set(settings, monkeypatch):
    """The fixture `settings` clears the environment."""


def test_all_folders_stand_below_home(monkeypatch, tmp_path):
    monkeypatch.setenv("MUSICFLOW_HOME", str(tmp_path))
    read = read_settings()

    assert read.lake == str(tmp_path / "lake")
    assert read.warehouse == tmp_path / "warehouse" / "musicflow.duckdb"
    assert read.snapshot == tmp_path / "snapshot"
    assert read.dagster_home == tmp_path / "dagster"


def test_each_folder_can_be_elsewhere(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_LAKE", "gs://bucket/lake")
    monkeypatch.setenv("MUSICFLOW_SNAPSHOT", "published")
    monkeypatch.setenv("DAGSTER_HOME", "/var/dagster")
    read = read_settings()

    assert read.lake == "gs://bucket/lake"
    assert read.snapshot == Path.cwd() / "published"
    assert read.dagster_home == Path("/var/dagster")


@pytest.mark.parametrize("written", ["2026-01-06T00:00:00Z", "2026-01-06T00:00:00", "2026-01-06"])
def test_the_first_hour_is_utc(monkeypatch, written):
    monkeypatch.setenv("MUSICFLOW_START", written)

    assert read_settings().start == datetime(2026, 1, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("MUSICFLOW_START", "2026-01-06T00:30:00Z", id="half past"),
        pytest.param("MUSICFLOW_START", "yesterday", id="no time"),
        pytest.param("MUSICFLOW_GRACE_SECONDS", "-1", id="a negative grace"),
        pytest.param("MUSICFLOW_RUN_HOURS", "many", id="no number"),
        pytest.param("MUSICFLOW_TARGET", "azure", id="a cloud that we don't know"),
        pytest.param("MUSICFLOW_LAKE", "ftp://bucket/lake", id="no object store of ours"),
        pytest.param("MUSICFLOW_LAKE", "gs://", id="no bucket"),
        pytest.param("MUSICFLOW_LAKE", "s3:///lake", id="a folder of no bucket"),
        pytest.param("MUSICFLOW_DATASET_PREFIX", "my-", id="no name of a dataset"),
        pytest.param("MUSICFLOW_BIGQUERY_LOCATION", "", id="nowhere"),
        pytest.param("MUSICFLOW_MAXIMUM_BYTES_BILLED", "1000", id="less than any query costs"),
    ],
)
def test_what_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        read_settings()


def test_in_google_cloud_datasets_have_their_prefix(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_TARGET", "gcp")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "my-project")
    monkeypatch.setenv("MUSICFLOW_LAKE", "gs://bucket/lake")
    monkeypatch.setenv("MUSICFLOW_DATASET_PREFIX", "mine_")
    read = read_settings()

    assert (read.target, read.project) == ("gcp", "my-project")
    assert read.dataset("marts") == "mine_marts"
    assert read.maximum_bytes_billed is None


@pytest.mark.parametrize(
    ("given", "asked_for"),
    [
        pytest.param(
            {"MUSICFLOW_LAKE": "gs://bucket/lake"}, "GOOGLE_CLOUD_PROJECT", id="no project"
        ),
        pytest.param({"GOOGLE_CLOUD_PROJECT": "p"}, "MUSICFLOW_LAKE", id="a lake in a folder"),
        pytest.param(
            {"GOOGLE_CLOUD_PROJECT": "p", "MUSICFLOW_LAKE": "s3://bucket/lake"},
            "MUSICFLOW_LAKE",
            id="a lake in another cloud",
        ),
    ],
)
def test_google_cloud_needs_a_project_and_a_bucket(monkeypatch, given, asked_for):
    monkeypatch.setenv("MUSICFLOW_TARGET", "gcp")
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=asked_for):
        read_settings()


def test_the_key_does_not_show(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_PSEUDONYM_KEY", "very-secret")

    assert "very-secret" not in repr(read_settings())


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().home = Path("elsewhere")
