"""Run a command that ends when its parent ends: `python -m local.tied COMMAND …`.

Linux sends the signal itself, however the parent died. Elsewhere the command runs as it is, and
is stopped by the parent's own clean-up only.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def tie_to_parent(death_signal: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send `death_signal` to this process when its parent dies (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, death_signal)


def main(command: list[str]) -> None:
    """Become `command`, tied to the parent."""
    parent = os.getppid()
    tie_to_parent()
    if os.getppid() != parent:  # it died before the tie held
        sys.exit(1)
    # A shell's background job ignores Ctrl-C, and hands that on; servers wait for it to stop.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(command[0], command)  # nosec B606  # noqa: S606  the command comes from local/'s own code


if __name__ == "__main__":
    main(sys.argv[1:])
