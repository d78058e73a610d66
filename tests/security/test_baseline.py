"""What `make security` looks at, and what it leaves out."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_what_bandit_leaves_out_ruff_looks_at_or_leaves_out_too():
    """Ruff's S608 is bandit's B608: a line that needs an excuse says so once."""
    skipped = yaml.safe_load((ROOT / "bandit.yaml").read_text())["skips"]
    lint = PYPROJECT["tool"]["ruff"]["lint"]

    assert "S" in lint["select"]
    assert set(skipped) - {"B404", "B608"} == {
        rule.replace("S", "B") for rule in lint["ignore"] if re.fullmatch(r"S\d+", rule)
    }


def test_bandit_looks_at_every_package_that_is_installed():
    makefile = (ROOT / "Makefile").read_text()
    packages = re.search(r"^PACKAGES := (.*)$", makefile, re.MULTILINE)

    assert packages
    assert {f"{name}*" for name in packages[1].split()} == set(
        PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    )
