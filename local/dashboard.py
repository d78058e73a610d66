"""The dashboard on what a demo or the live platform of this machine has published."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from contracts.errors import ConfigurationError, UnavailableError
from contracts.postgres import ADDRESS
from contracts.publication import POINTER
from local.postgres import postgres
from local.tied import tie_to_parent
from local.workspace import Workspace

PORT = 8501
RUNS = ("demo", "dev")


def run(home: Path, name: str | None, port: int) -> int:
    """Serve the dashboard until Ctrl-C; its exit code.

    Args:
        home: The work folder.
        name: Whose tables: the `demo`'s or those of `dev`; None: what was published last.
        port: Where it is served, unless the environment says otherwise.

    Raises:
        ConfigurationError: There is no such run.
    """
    workspace = workspace_of(home, name or last_published(home))
    environment = {
        "MUSICFLOW_DASHBOARD_PORT": str(port),
        **workspace.settings(),
        **os.environ,
    }
    shown = environment["MUSICFLOW_SNAPSHOT"]
    address = f"http://127.0.0.1:{environment['MUSICFLOW_DASHBOARD_PORT']}"
    print(f"Tables     {os.path.relpath(shown)}")
    with with_postgres(workspace, environment) as complete:
        print(f"Dashboard  {address}  (Ctrl-C ends it)", flush=True)
        try:
            return subprocess.run(
                command(),
                env=complete,
                check=False,
                preexec_fn=tie_to_parent,
            ).returncode
        except KeyboardInterrupt:
            return 0


def command() -> list[str]:
    """What serves the dashboard."""
    return [sys.executable, "-m", "dashboard"]


def workspace_of(home: Path, name: str) -> Workspace:
    """The folder of a run.

    Raises:
        ConfigurationError: There is no such run.
    """
    if name not in RUNS:
        raise ConfigurationError(f"there is no run {name}: say RUN=demo or RUN=dev")
    return Workspace.under(home, "demo" if name == "demo" else "")


def last_published(home: Path) -> str:
    """The run that published last; the demo if none has."""
    times = {}
    for name in RUNS:
        pointer = workspace_of(home, name).snapshot / POINTER
        if pointer.exists():
            times[name] = pointer.stat().st_mtime
    return max(times, key=lambda name: times[name], default="demo")


@contextmanager
def with_postgres(workspace: Workspace, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The environment with the run's Postgres, where it left one; without where that fails."""
    if environment.get(ADDRESS) or not (workspace.home / "postgres").exists():
        yield dict(environment)
        return
    with ExitStack() as stack:
        complete = dict(environment)
        try:
            complete[ADDRESS] = stack.enter_context(postgres(workspace, environment))
        except UnavailableError as error:
            print(f"musicflow: without Postgres: {error}", file=sys.stderr)
        yield complete
