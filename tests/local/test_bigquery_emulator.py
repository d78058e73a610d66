"""Installing the BigQuery emulator: once, whole or not at all."""

from pathlib import Path

import pytest

from contracts.errors import UnavailableError
from local import bigquery_emulator
from local.bigquery_emulator import BigQuery, installed


def test_a_package_that_cannot_be_had_is_told_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    asked = []

    def run(command: list[str], environment: object = None) -> None:
        asked.append(command)
        if "install" in command and len(asked) == 2:
            raise UnavailableError("the BigQuery emulator cannot be installed: no such package")

    monkeypatch.setattr(bigquery_emulator, "_run", run)
    with pytest.raises(UnavailableError, match="no such package"):
        installed(tmp_path)

    python = installed(tmp_path)

    assert asked[:2] == asked[2:4]
    assert python.is_relative_to(tmp_path)


def test_what_stands_is_not_installed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(bigquery_emulator, "_run", lambda *command: asked.append(command))
    installed(tmp_path)
    first = len(asked)

    installed(tmp_path)

    assert first == len(asked) == 3


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
