"""Fills a virtual environment with what a lock pins, from the one that the tests run in.

`make setup` installed that one from requirements.lock, by hashes; a test holds that a station's
lock pins the same versions by the same hashes. So nothing is downloaded or built again here.
"""

import os
import re
import shutil
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

_PIN = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[^]]*])?==(\S+)", re.MULTILINE)


def pins(lock: Path) -> dict[str, str]:
    """The version of each package in a lock."""
    return dict(_PIN.findall(lock.read_text()))


def link_packages(lock: Path, venv: Path) -> None:
    """Give `venv` exactly the packages of `lock`."""
    for name, version in pins(lock).items():
        found = distribution(name)
        assert found.version == version, f"{name} {found.version} is installed, not {version}"
        _link(found, venv)


def _link(package: Distribution, venv: Path) -> None:
    ours = Path(sys.prefix).resolve()
    for file in package.files or ():
        source = Path(os.path.normpath(str(package.locate_file(file))))
        target = venv / source.relative_to(ours)
        if not source.exists() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.parent == venv / "bin" and source.read_bytes().startswith(b"#!"):
            _write_script(source, target, venv)
        else:
            _place(source, target)


def _write_script(source: Path, target: Path, venv: Path) -> None:
    """A command, which is to run the Python of its own environment."""
    text = source.read_bytes()
    target.write_bytes(text.replace(str(Path(sys.prefix)).encode(), str(venv).encode(), 1))
    shutil.copymode(source, target)


def _place(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # on another disk
        shutil.copy2(source, target)
