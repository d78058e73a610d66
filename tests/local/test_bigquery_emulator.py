"""The BigQuery emulator of this machine."""

from pathlib import Path

import pytest

from local.bigquery_emulator import BigQuery, installed
from local.environments import PinnedEnvironment


def test_its_extension_is_installed_with_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked: list[list[str]] = []
    monkeypatch.setattr(PinnedEnvironment, "run", lambda _self, command, *_: asked.append(command))

    python = installed(tmp_path)

    assert installed(tmp_path) == python
    assert len(asked) == 3
    assert "spatial" in asked[-1][-1]


@pytest.mark.parametrize(
    ("server", "variables"),
    [
        pytest.param(BigQuery("p"), {"GOOGLE_CLOUD_PROJECT": "p"}, id="Google's own"),
        pytest.param(
            BigQuery("p", "http://here:1"),
            {"GOOGLE_CLOUD_PROJECT": "p", "BIGQUERY_EMULATOR_HOST": "http://here:1"},
            id="an emulator",
        ),
    ],
)
def test_the_standard_variables_lead_to_it(server: BigQuery, variables: dict[str, str]):
    assert server.environment == variables
