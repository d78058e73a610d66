"""The live platform on one machine: broker, Postgres, landing, listeners, Dagster, until Ctrl-C.

honcho runs what stands beside the broker: it mixes their lines on the console and, as soon as
one ends or Ctrl-C is pressed, ends them all.
"""

import os
import shlex
import signal
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from honcho.manager import Manager
from honcho.process import Process

from contracts.errors import UnavailableError
from contracts.postgres import ADDRESS as POSTGRES
from contracts.postgres import PostgresUrl
from local import dashboard, processes
from local.broker import broker
from local.postgres import postgres_if_possible
from local.tied import tie_to_parent
from local.workspace import Workspace

DAGSTER_PORT = 3000
KAFKA_PORT = 9092
HEAD_START = timedelta(hours=2)
"""The listeners begin so long ago, so that there are complete hours to build at once."""
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Ports:
    """Where pages are served."""

    dagster: int
    dashboard: int

    def checked(self) -> "Ports":
        """The same.

        Raises:
            UnavailableError: One of them is taken.
        """
        free_port(self.dagster, "--port")
        free_port(self.dashboard, "--dashboard-port")
        return self


class TiedProcess(Process):
    """A process that is killed when the manager dies, however it died."""

    def run(self, events: object = None, ignore_signals: bool = False) -> None:  # noqa: FBT001, FBT002  honcho's signature
        """Run in honcho's child process, which the kernel ends with its parent."""
        tie_to_parent(signal.SIGKILL)
        super().run(events, ignore_signals)


class TiedManager(Manager):
    """honcho's manager, with processes that cannot outlive it."""

    def __init__(self) -> None:
        super().__init__()
        self._process_ctor = TiedProcess


def run(workspace: Workspace, ports: Ports, users: int) -> int:
    """Run the live platform until Ctrl-C or until a part of it ends; its exit code.

    Raises:
        UnavailableError: A port is taken.
        StationFailedError: The broker cannot be started.
    """
    parts = commands(ports.checked(), users, workspace.home / "eventsim.state")
    environment = {
        **workspace.settings(),
        **os.environ,
        "MUSICFLOW_DASHBOARD_PORT": str(ports.dashboard),
    }
    print("Starting Postgres and Kafka ...", flush=True)
    initialise = [sys.executable, "-m", "musicflow_dagster", "init"]
    processes.run(initialise, environment, workspace.log("dagster"))
    with (
        postgres_if_possible(workspace, environment, print) as complete,
        broker(workspace, environment, KAFKA_PORT) as kafka,
    ):
        complete["KAFKA_BOOTSTRAP_SERVERS"] = kafka.servers
        print(f"Kafka     {kafka.servers}")
        if POSTGRES in complete:
            print(f"Postgres  {PostgresUrl(complete[POSTGRES]).shown}")
        print(f"Dagster   http://127.0.0.1:{ports.dagster}")
        print(f"Pages     http://127.0.0.1:{ports.dashboard}")
        print(f"Lake      {workspace.lake}")
        print(f"Snapshot  {workspace.snapshot / 'musicflow.duckdb'}", flush=True)
        return supervise(parts, complete)


def commands(ports: Ports, users: int, listeners: Path) -> dict[str, list[str]]:
    """What runs beside the broker, by name; the file `listeners` keeps them from run to run."""
    python = [sys.executable, "-m"]
    start = f"{datetime.now(UTC) - HEAD_START:%Y-%m-%dT%H:00:00}"
    return {
        "landing": [*python, "streaming"],
        "eventsim": [
            *python, "eventsim", "--continuous", "--kafka",
            "--nusers", str(users), "--start-time", start, "--state", str(listeners),
        ],
        "dagster": [
            *python, "dagster", "dev", "--workspace", str(ROOT / "workspace.yaml"),
            "--host", "127.0.0.1", "--port", str(ports.dagster),
        ],
        "dashboard": dashboard.command(),
    }  # fmt: skip


def supervise(parts: Mapping[str, list[str]], environment: Mapping[str, str]) -> int:
    """Run all of `parts` until one ends; the exit code of that one."""
    manager = TiedManager()
    for name, command in parts.items():
        tied = [sys.executable, "-m", "local.tied", *command]
        manager.add_process(name, f"exec {shlex.join(tied)}", env=dict(environment), cwd=str(ROOT))
    manager.loop()
    return int(manager.returncode or 0)


def free_port(wanted: int, option: str) -> int:
    """`wanted`, which `option` sets, if nobody listens there.

    Raises:
        UnavailableError: The port is taken.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as error:
            raise UnavailableError(
                f"port {wanted} is taken: stop what uses it, or choose another with {option}"
            ) from error
    return wanted
