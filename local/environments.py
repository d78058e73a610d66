"""Environments of Python for tools whose packages are not ours to choose: made at first use.

Each stands below the folder of downloads, in a folder named by what it was pinned to, so that
other pins make another one.
"""

import fcntl
import hashlib
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.logs import log


@dataclass(frozen=True, slots=True)
class PinnedEnvironment:
    """An environment with exactly the packages of a lock file."""

    name: str
    """Of its folder."""
    requirements: Path
    """The lock file, with hashes."""

    def python(self, cache: Path, then: Callable[[Path], None] = lambda _python: None) -> Path:
        """The environment's Python; `then` is called with it once, when it is new.

        Raises:
            UnavailableError: A package cannot be had.
        """
        version = hashlib.sha256(self.requirements.read_bytes()).hexdigest()[:12]
        folder = cache.absolute() / self.name / version
        folder.mkdir(parents=True, exist_ok=True)
        python, finished = folder / "venv" / "bin" / "python", folder / "installed"
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not finished.exists():
                log.info("installing", what=self.name, folder=str(folder))
                self._install(python)
                then(python)
                finished.touch()
        return python

    def run(self, command: list[str], environment: Mapping[str, str] | None = None) -> None:
        """Run a step of the installation.

        Raises:
            UnavailableError: It fails.
        """
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            words = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise UnavailableError(f"{self.name} cannot be installed: {' '.join(words[-2:])}")

    def _install(self, python: Path) -> None:
        self.run([sys.executable, "-m", "venv", "--clear", str(python.parents[1])])
        options = ["--quiet", "--disable-pip-version-check", "--require-hashes"]
        requirements = ["-r", str(self.requirements)]
        self.run([str(python), "-m", "pip", "install", *options, *requirements])
