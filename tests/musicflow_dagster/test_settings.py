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
    ],
)
def test_what_cannot_be_used_is_named(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=name):
        read_settings()


def test_the_key_does_not_show(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_PSEUDONYM_KEY", "very-secret")

    assert "very-secret" not in repr(read_settings())


def test_settings_do_not_change():
    with pytest.raises(ValueError, match="frozen"):
        Settings().home = Path("elsewhere")
