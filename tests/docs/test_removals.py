"""What the pages tell people to remove is a folder of ours, also where no variable is set."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.recovery.documented import ROOT, beginning

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
WITH_REMOVALS = ["disaster_recovery.md", "upgrades.md"]
_REMOVED = re.compile(r'rm -rf ("[^;`\n]*)')


def removed(page: Path) -> list[str]:
    """The folders that a page's commands remove, as they are written."""
    return [each for folders in _REMOVED.findall(page.read_text()) for each in folders.split()]


def shell(commands: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", commands],
        cwd=folder, env={"PATH": "/usr/bin:/bin"} | variables, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def test_folders_are_removed_by_pages_that_begin_with_their_names():
    assert [page.name for page in PAGES if removed(page)] == WITH_REMOVALS


@pytest.mark.parametrize("page", [page for page in PAGES if removed(page)], ids=lambda p: p.name)
def test_without_its_variable_nothing_is_removed(page, tmp_path):
    for each in removed(page):
        done = shell(f"echo {each}", tmp_path)

        assert done.returncode != 0
        assert "parameter null or not set" in done.stderr


@pytest.mark.parametrize("name", WITH_REMOVALS)
@pytest.mark.parametrize(
    ("variables", "home", "dagster"),
    [
        pytest.param({}, ".musicflow", ".musicflow/dagster", id="nothing is set"),
        pytest.param({"MUSICFLOW_HOME": "ours"}, "ours", "ours/dagster", id="a relative home"),
        pytest.param({"DAGSTER_HOME": "/d"}, ".musicflow", "/d", id="Dagster's is set"),
    ],
)
def test_the_folders_are_those_of_the_settings(name, variables, home, dagster, tmp_path):
    commands = beginning((ROOT / "docs" / name).read_text())

    told = shell(f'{commands}echo "$MUSICFLOW_HOME $DAGSTER_HOME"', tmp_path, **variables).stdout

    assert told.split() == [str(tmp_path / home), str(tmp_path / dagster)]
