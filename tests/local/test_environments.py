"""Environments of tools: installed once, whole or not at all."""

from pathlib import Path

import pytest

from contracts.errors import UnavailableError
from local.environments import PinnedEnvironment


def test_a_package_that_cannot_be_had_is_told_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    requirements = tmp_path / "some.lock"
    requirements.write_text("some==1")
    some = PinnedEnvironment("some", requirements)
    asked = []

    def run(_self: object, command: list[str], _environment: object = None) -> None:
        asked.append(command)
        if "install" in command and len(asked) == 2:
            raise UnavailableError("some cannot be installed: no such package")

    monkeypatch.setattr(PinnedEnvironment, "run", run)
    with pytest.raises(UnavailableError, match="no such package"):
        some.python(tmp_path)

    finished = []
    python = some.python(tmp_path, finished.append)

    assert asked[:2] == asked[2:4]
    assert python.is_relative_to(tmp_path)
    assert finished == [python]

    assert some.python(tmp_path, finished.append) == python
    assert len(asked) == 4
    assert finished == [python]


def test_other_pins_are_another_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    requirements = tmp_path / "some.lock"
    some = PinnedEnvironment("some", requirements)
    monkeypatch.setattr(PinnedEnvironment, "run", lambda *_: None)
    requirements.write_text("some==1")
    first = some.python(tmp_path)
    requirements.write_text("some==2")

    assert some.python(tmp_path) != first
