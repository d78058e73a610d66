"""What the station's tests share."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
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
    ours = (f"MUSICFLOW_{name.upper()}" for name in Settings.model_fields)
    for name in ("DAGSTER_HOME", "GOOGLE_CLOUD_PROJECT", *ours):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Settings, "dbt_target", property(lambda _: dbt_target))
    return Settings(home=tmp_path / "home", start=FIRST_HOUR)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster that forgets all at the end."""
    with dg.instance_for_test() as instance:
        yield instance


@pytest.fixture
def posted(monkeypatch, settings) -> list[str]:
    """What would have been posted to the webhook of `settings`."""
    texts: list[str] = []
    monkeypatch.setenv("MUSICFLOW_ALERT_WEBHOOK", "http://h/hook")
    settings.__pydantic_private__["_webhook"] = type(settings)().webhook
    monkeypatch.setattr("contracts.webhook.Webhook.post", lambda _, text: texts.append(text))
    return texts


@pytest.fixture
def lake(settings) -> LakeBuilder:
    """A lake of `settings`, with a progress record that was never caught up."""
    return LakeBuilder(Path(settings.lake))
