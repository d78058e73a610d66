"""What must never be committed, and what must stand beside it."""

import re
import subprocess
from pathlib import Path

import pytest

from contracts.to_dbt import SOURCES, sources_yaml

ROOT = Path(__file__).parents[2]
LARGEST_BYTES = 1_000_000
TEXTLESS = {".png"}


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def test_dbt_sources_are_what_the_contract_says():
    assert SOURCES.read_text() == sources_yaml(), "run `make contracts`"


def test_no_tracked_file_is_large():
    assert [path for path in tracked_files() if path.stat().st_size > LARGEST_BYTES] == []


def test_no_tracked_file_is_binary():
    binary = [
        path
        for path in tracked_files()
        if path.suffix not in TEXTLESS and b"\0" in path.read_bytes()[:8192]
    ]
    assert binary == []


def test_no_tracked_file_names_this_machine():
    here = re.compile(re.escape(f"{ROOT}/").encode())
    named = [path for path in tracked_files() if here.search(path.read_bytes())]

    assert named == []


@pytest.mark.parametrize("line", ["--index-url", "--extra-index-url", "--find-links", "://"])
def test_the_lock_names_no_address(line):
    pinned = [
        text
        for text in (ROOT / "requirements.lock").read_text().splitlines()
        if not text.lstrip().startswith("#")
    ]
    assert [text for text in pinned if line in text] == []


def test_every_locked_package_has_a_hash():
    lock = (ROOT / "requirements.lock").read_text()
    packages = re.findall(r"^[a-z0-9][^ ]*==[^ ]+ \\\n((?:    --hash=.*\n)+)", lock, re.MULTILINE)

    assert len(packages) == len(re.findall(r"^[a-z0-9]", lock, re.MULTILINE))
