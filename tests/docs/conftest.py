import os
import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CODE = ("contracts", "streaming", "musicflow_dagster", "dbt_project", "dashboard", "docs")
FILES = ("Makefile", "pyproject.toml", "requirements.lock")
OURS = ("MUSICFLOW_", "KAFKA_", "DAGSTER_", "POSTGRES_", "MAKE")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell's, in which the commands are those of the test's folder, where it has a copy."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    return inherited | {"PATH": path, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code, without anything that was made from it."""
    made = shutil.ignore_patterns("__pycache__", "target", "logs")
    for name in CODE:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=made)
    for name in FILES:
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path
