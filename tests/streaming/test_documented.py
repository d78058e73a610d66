"""What an operator can set and see is documented; a test fails where the pages lag behind."""

from pathlib import Path

import pytest
from prometheus_client import Counter

from contracts.health import ALERT_KINDS
from streaming.metrics import PREFIX, LandingMetrics
from streaming.settings import BrokerSettings, LandingSettings

DOCS = Path(__file__).parents[2] / "docs"


def families() -> list[str]:
    """Names of the metrics as Prometheus shows them."""
    found = LandingMetrics().registry.collect()
    return [f"{each.name}_total" if each.type == Counter._type else each.name for each in found]


@pytest.mark.parametrize("name", families())
def test_every_metric_is_documented(name):
    assert f"`{name.removeprefix(f'{PREFIX}_')}`" in (DOCS / "monitoring.md").read_text()


@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_every_alert_is_documented(kind):
    assert f"| `{kind}` |" in (DOCS / "monitoring.md").read_text()


@pytest.mark.parametrize(
    "variable",
    sorted(
        field.validation_alias
        for settings in (BrokerSettings, LandingSettings)
        for field in settings.model_fields.values()
    ),
)
def test_every_setting_is_documented(variable):
    assert f"`{variable}`" in (DOCS / "settings.md").read_text()
