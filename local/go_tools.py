"""Servers that come as Go programs: built from source into the folder of downloads, once."""

import fcntl
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from contracts.errors import UnavailableError
from contracts.logs import log


@dataclass(frozen=True, slots=True)
class GoTool:
    """A program that `go install` builds."""

    module: str
    version: str

    @property
    def name(self) -> str:
        """Name of the program: the module's last part."""
        return self.module.rpartition("/")[2]


FAKE_GCS = GoTool("github.com/fsouza/fake-gcs-server", "v1.56.1")
# What reads compose files in Docker Compose. Later releases of the command forget the environment.
COMPOSE = GoTool("github.com/compose-spec/compose-go/v2/cmd", "v2.2.0")
MINIO = GoTool("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")


def has_go() -> bool:
    """Whether programs can be built here."""
    return shutil.which("go") is not None


def installed(tool: GoTool, cache: Path) -> Path:
    """The program, which is built at first use; that takes minutes.

    Raises:
        UnavailableError: There is no Go, or the sources cannot be had.
    """
    folder = cache.absolute() / "go" / f"{tool.name}-{tool.version}"
    folder.mkdir(parents=True, exist_ok=True)
    program, finished = folder / tool.name, folder / "installed"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not finished.exists():
            _build(tool, folder)
            finished.touch()
    return program


def _build(tool: GoTool, folder: Path) -> None:
    go = shutil.which("go")
    if go is None:
        raise UnavailableError(f"{tool.name} is built from source: install Go, and put it on PATH")
    log.info("building from source", program=tool.name, version=tool.version)
    flags = f"{os.environ.get('GOFLAGS', '')} -p=2".strip()
    command = [go, "install", f"{tool.module}@{tool.version}"]
    # Into our folder, and with no more than two compilers beside what else runs here.
    environment = os.environ | {"GOBIN": str(folder), "GOFLAGS": flags}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        words = done.stderr.strip().splitlines() or ["go said nothing"]
        raise UnavailableError(f"{tool.name} cannot be built: {words[-1]}")
