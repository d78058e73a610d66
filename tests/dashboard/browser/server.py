"""The dashboard as a process of its own, as an operator starts it."""

import os
import socket
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

from local import processes

SECONDS = 120
"""How long a start may take on a machine that is busy with other things."""


@contextmanager
def dashboard(home: Path, log: Path, **variables: str) -> Iterator[str]:
    """The address of a dashboard that shows what was published in `home`."""
    port = free_port()
    ours = ("MUSICFLOW_", "POSTGRES_", "STREAMLIT_")
    environment = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    environment |= {"MUSICFLOW_HOME": str(home), "MUSICFLOW_LAKE": str(home / "lake")}
    environment |= {"MUSICFLOW_DASHBOARD_PORT": str(port)} | variables
    address = f"http://127.0.0.1:{port}"
    with processes.running([sys.executable, "-m", "dashboard"], environment, log) as process:
        processes.wait_until(lambda: is_healthy(address), process, log, SECONDS)
        yield address


def is_healthy(address: str) -> bool:
    """Whether the server says that it takes visitors."""
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=10) as answer:
            return answer.status == 200
    except (URLError, ConnectionError, TimeoutError):
        return False


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
