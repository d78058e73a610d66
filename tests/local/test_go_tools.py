"""Servers built from source: once, by one at a time, and what is missing is told."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.errors import UnavailableError
from local.go_tools import GoTool, installed

TOOL = GoTool("example.org/tools/server", "v1.2.3")
GO = """#!/bin/sh
echo "$@" >> "{calls}"
{then}
"""


@pytest.fixture
def go(tmp_path, monkeypatch):
    """A `go` that does as it is told; answers where it writes down its calls."""

    def script(then: str) -> Path:
        program, calls = tmp_path / "bin" / "go", tmp_path / "calls"
        program.parent.mkdir()
        program.write_text(GO.format(calls=calls, then=then))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
        return calls

    return script


def test_a_program_is_built_once_for_all_who_ask_at_once(tmp_path, go):
    calls = go('echo built > "$GOBIN/server"')

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda _: installed(TOOL, tmp_path / "cache"), range(4)))

    assert [each.read_text() for each in found] == ["built\n"]
    assert calls.read_text() == "install example.org/tools/server@v1.2.3\n"


def test_a_build_that_fails_is_one_clear_line_and_is_tried_again(tmp_path, go):
    calls = go('echo "no such host" >&2; exit 1')

    for _ in range(2):
        with pytest.raises(UnavailableError, match="server cannot be built: no such host"):
            installed(TOOL, tmp_path / "cache")
    assert len(calls.read_text().splitlines()) == 2


def test_without_go_it_is_said_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(UnavailableError, match="install Go"):
        installed(TOOL, tmp_path / "cache")
