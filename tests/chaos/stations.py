"""The stations as processes, which somebody starts again when they end."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local import processes

from . import tree

RESTART_SECONDS = 0.5
"""What passes before a station that has ended is started again."""
UNHEARD = re.compile(r"^Traceback|^\S*Error: |Exception in thread", re.MULTILINE)
"""What a user should never read: a stack trace instead of a line."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How one life of a station ended."""

    station: str
    code: int
    """Exit code; below 0 the signal that killed it."""
    words: str
    """The last line that it said."""
    is_clear: bool
    """Whether it never said more than lines."""
    at: float
    """When it was noticed, by the monotonic clock."""


@dataclass(slots=True)
class Station:
    """A command that runs until told otherwise; started again whenever it ends."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    wanted: bool = False
    endings: list[Ending] = field(default_factory=list)
    process: subprocess.Popen | None = None
    _said: int = 0
    _ended_at: float = 0.0

    def start(self) -> None:
        """Start it, and keep it running from now on."""
        self.wanted = True
        self._said = self.log.stat().st_size if self.log.exists() else 0
        self.process = processes.start(self.command, self.environment, self.log)

    @property
    def pid(self) -> int:
        """Id of its process; 0 while none runs."""
        return self.process.pid if self.process and self.process.poll() is None else 0

    def pids(self) -> list[int]:
        """Its process and all below it."""
        return [self.pid, *tree.below(self.pid)] if self.pid else []

    def look(self) -> None:
        """Note an ending; start it again if it is wanted."""
        if self.process is not None and self.process.poll() is not None:
            self._note()
            self._ended_at = time.monotonic()
        if self.wanted and self.process is None and self._is_due():
            self.start()

    def kill(self) -> None:
        """End it at once, and let it be."""
        self.wanted = False
        if self.pid:
            tree.send(self.pids(), signal.SIGKILL)
            self.process.wait()
        self.look()

    def end(self, within: float) -> Ending:
        """Ask it to stop; how it did.

        Raises:
            TimeoutExpired: It did not.
        """
        self.wanted = False
        if self.process is not None:
            self.process.terminate()
            self.process.wait(within)
        self.look()
        return self.endings[-1]

    def _is_due(self) -> bool:
        return time.monotonic() - self._ended_at >= RESTART_SECONDS

    def _note(self) -> None:
        said = self.log.read_bytes()[self._said :].decode(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        words = lines[-1][:300] if lines else ""
        code, is_clear = self.process.returncode, not UNHEARD.search(said)
        self.endings.append(Ending(self.name, code, words, is_clear, time.monotonic()))
        self.process = None


@dataclass(slots=True)
class Writer(Station):
    """A landing; what it did last is in its checkpoints."""

    checkpoints: Path = Path()


def module(name: str, *options: str | Path) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", name, *map(str, options)]


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens at a port of this machine."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
