"""The right to write to a warehouse: one run of this machine has it at a time."""

import fcntl
import os
import sys
import time
from pathlib import Path
from typing import IO

from contracts.errors import UnavailableError

RETRY_SECONDS = 0.2


class WriterLock:
    """The right to write to a warehouse, for this process; the system frees it if it dies."""

    def __init__(self, warehouse: Path, patience_seconds: float = 0) -> None:
        """Ask for the lock of `warehouse`, waiting at most `patience_seconds`."""
        self.path = warehouse.with_name(f"{warehouse.name}.lock")
        self.patience_seconds = patience_seconds
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        """Wait for the lock.

        Raises:
            UnavailableError: Another run held it all the time.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+")
        deadline = time.monotonic() + self.patience_seconds
        while not _locked(file):
            if time.monotonic() > deadline:
                file.close()
                raise UnavailableError(
                    f"another run has been writing to the warehouse for {self.patience_seconds:g} "
                    "seconds; wait for it, or cancel it"
                )
            time.sleep(RETRY_SECONDS)
        file.truncate(0)
        file.write(_this_process())
        file.flush()
        self._file = file

    def is_held(self) -> bool:
        """Whether some process holds the lock now."""
        return self.holder() is not None

    def holder(self) -> str | None:
        """The process that holds the lock now, in words; None if no one does."""
        if not self.path.exists():
            return None
        with self.path.open() as file:
            return None if _locked(file) else file.read().strip() or "some process"

    def release(self) -> None:
        """Let others write."""
        if self._file:
            self._file.close()
            self._file = None


def _this_process() -> str:
    command = Path(sys.argv[0])
    name = command.parent.name if command.name == "__main__.py" else command.name
    return f"process {os.getpid()} ({name})\n"


def _locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
