"""What the station's tests share."""

from pathlib import Path

import pytest

from musicflow_dagster.settings import Settings
from tests.builders import FIRST_HOUR, LakeBuilder


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory) -> Path:
    """Where dbt's manifest of the project is made, once for all tests."""
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture
def settings(tmp_path, dbt_target, monkeypatch) -> Settings:
    """Settings of a fresh home, whose parsed dbt project is shared between tests."""
    for name in ("DAGSTER_HOME", *(f"MUSICFLOW_{name.upper()}" for name in Settings.model_fields)):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Settings, "dbt_target", property(lambda _: dbt_target))
    return Settings(home=tmp_path / "home", start=FIRST_HOUR)


@pytest.fixture
def lake(settings) -> LakeBuilder:
    """A lake of `settings`, with a progress record that was never caught up."""
    return LakeBuilder(Path(settings.lake))
