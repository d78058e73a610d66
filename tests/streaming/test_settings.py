"""Settings come from options, then the environment, then defaults; a wrong one is named."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from streaming.settings import LandingSettings, interval_seconds


def test_folders_follow_the_work_folder(tmp_path, monkeypatch):
    for name in ("MUSICFLOW_LAKE", "MUSICFLOW_CHECKPOINTS", "MUSICFLOW_CACHE"):
        monkeypatch.delenv(name, raising=False)
    settings = LandingSettings.read(home=tmp_path)

    assert settings.lake == str(tmp_path / "lake")
    assert settings.checkpoints == str(tmp_path / "checkpoints")
    assert settings.cache == tmp_path / "cache"


def test_an_option_beats_the_environment(monkeypatch):
    monkeypatch.setenv("MUSICFLOW_LAKE", "/from/environment")

    assert LandingSettings.read().lake == "/from/environment"
    assert LandingSettings.read(lake_folder="/from/option").lake == "/from/option"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-01-01T00:00:00Z", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T02:00:00+02:00", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_the_oldest_event_is_read_as_utc(monkeypatch, written, meant):
    monkeypatch.setenv("MUSICFLOW_START", written)

    assert LandingSettings.read().limits.oldest == meant


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MUSICFLOW_TRIGGER", "often"),
        ("MUSICFLOW_TRIGGER", "0 seconds"),
        ("MUSICFLOW_START", "noon"),
        ("MUSICFLOW_MAX_EVENT_BYTES", "0"),
        ("MUSICFLOW_SPARK_MEMORY", "lots"),
    ],
)
def test_a_wrong_value_is_named_with_its_setting(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError, match=f"{name} can't be '{value}'"):
        LandingSettings.read()


@pytest.mark.parametrize(
    ("written", "seconds"), [("120 seconds", 120), ("1 minute", 60), ("2 hours", 7200)]
)
def test_a_trigger_is_read_as_spark_reads_it(written, seconds):
    assert interval_seconds(written) == seconds


def test_an_empty_variable_is_an_absent_one(monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "")

    assert LandingSettings.read().kafka is None


def test_lake_and_checkpoints_may_be_in_buckets():
    settings = LandingSettings.read(
        lake_folder="gs://bucket/lake", checkpoints_folder="gs://bucket/checkpoints/"
    )

    assert settings.lake == "gs://bucket/lake"
    assert settings.checkpoint("x") == "gs://bucket/checkpoints/x"


@pytest.mark.parametrize("variable", ["HOME", "KAFKA", "TRIGGER", "MASTER", "START"])
def test_variables_that_others_use_say_nothing_here(variable, monkeypatch):
    for name in ("MUSICFLOW_HOME", "KAFKA_BOOTSTRAP_SERVERS", "MUSICFLOW_TRIGGER"):
        monkeypatch.delenv(name, raising=False)
    usual = LandingSettings.read()

    monkeypatch.setenv(variable, "something else")

    assert LandingSettings.read() == usual
    assert usual.home == Path(".musicflow")
