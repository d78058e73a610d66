"""The text of a release is what the changelog says of its version."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import ConfigurationError
from local.changelog import section, version_of

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

## [Unreleased]

## [0.2.0] - 2026-12-01

### Added

- More.

## [0.1.0] - 2026-11-22

The first.
"""


@pytest.mark.parametrize(
    ("version", "text"),
    [
        pytest.param("0.2.0", "### Added\n\n- More.", id="between two headings"),
        pytest.param("0.1.0", "The first.", id="the last one"),
    ],
)
def test_a_section_is_what_stands_below_its_heading(version, text):
    assert section(CHANGELOG, version) == text


@pytest.mark.parametrize(
    ("version", "told"),
    [
        pytest.param("0.3.0", "has no heading", id="not there"),
        pytest.param("0.1", "has no heading", id="half a version"),
        pytest.param("Unreleased", "says nothing of", id="nothing below it"),
    ],
)
def test_a_version_without_words_is_no_release(version, told):
    with pytest.raises(ConfigurationError, match=told):
        section(CHANGELOG, version)


def test_our_changelog_tells_of_the_version_that_the_code_says():
    version = version_of((ROOT / "pyproject.toml").read_text())

    assert section((ROOT / "CHANGELOG.md").read_text(), version)


def test_a_tag_that_is_not_the_codes_version_is_refused_in_one_line():
    command = [sys.executable, "-m", "local.changelog", "9.9.9"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 1
    assert answer.stdout == ""
    assert len(answer.stderr.splitlines()) == 1
    assert "not 9.9.9" in answer.stderr
