"""The local Dagster instance: its folder, its configuration, and how a process opens it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import dagster as dg

from contracts.store import disk_error

CONFIGURATION = "dagster.yaml"


def prepare_home(home: Path) -> None:
    """Create Dagster's folder with our configuration, unless one stands.

    Raises:
        UnavailableError: The folder cannot be written.
    """
    target = home / CONFIGURATION
    if target.exists():
        return
    try:
        home.mkdir(parents=True, exist_ok=True)
        target.write_text(files("musicflow_dagster").joinpath(CONFIGURATION).read_text())
    except OSError as error:
        raise disk_error(error, target) from error


@contextmanager
def opened_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The persistent instance in `home`, whose runs the web interface shows."""
    prepare_home(home)
    with _dagster_home(home), dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def _dagster_home(home: Path) -> Iterator[None]:
    """Name the folder as Dagster's own commands do: the event log looks there for its place."""
    before = os.environ.get("DAGSTER_HOME")
    os.environ["DAGSTER_HOME"] = str(home)
    try:
        yield
    finally:
        os.environ.pop("DAGSTER_HOME")
        if before is not None:
            os.environ["DAGSTER_HOME"] = before
