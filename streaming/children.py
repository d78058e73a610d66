"""Starting a program that ends with us, however we end."""

import ctypes
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


def start_child(command: Sequence[str | Path], output: IO[bytes], folder: Path) -> subprocess.Popen:
    """Start a program in its own process group, its output in a file.

    Ctrl-C in the terminal reaches us alone, so that we decide in which order things stop. On
    Linux the kernel kills the child when we die without a word (kill -9); elsewhere it stays,
    and has to be ended by hand. Call it from the main thread: the kernel watches the thread.
    """
    return subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads run yet where this is called
    )


def stop_child(child: subprocess.Popen, patience: float) -> None:
    """Ask the child to stop; after `patience` seconds make it."""
    child.terminate()
    try:
        child.wait(patience)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
