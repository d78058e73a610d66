"""A BigQuery of our own, on loopback: installed at first use, and run for the length of a block.

It is `bqemulator`, in an environment of its own below the folder of downloads: its packages are
not ours to choose. What it answers is not what BigQuery would answer in every case; what is known
to differ stands in docs/cloud.md.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local import processes
from local.environments import PinnedEnvironment

EMULATOR = PinnedEnvironment(
    "bigquery-emulator", Path(__file__).with_name("bigquery_emulator.requirements.lock")
)
SERVER = Path(__file__).with_name("bigquery_server.py")
PROJECT = "musicflow-local"
"""The emulator takes any project; this is the one that it knows from the start."""
READY_SECONDS = 120
_EXTENSION = "import duckdb_extensions; duckdb_extensions.import_extension('spatial')"
"""Puts what the emulator's DuckDB loads at its start below HOME."""


@dataclass(frozen=True, slots=True)
class BigQuery:
    """Where a BigQuery answers, and the variables that lead there."""

    project: str
    host: str = ""
    """Address of an emulator; none for Google's own."""

    @property
    def environment(self) -> dict[str, str]:
        """The standard variables that clients read, dbt among them."""
        project = {"GOOGLE_CLOUD_PROJECT": self.project}
        return project | ({"BIGQUERY_EMULATOR_HOST": self.host} if self.host else {})


@contextmanager
def bigquery_emulator(
    cache: Path, log_file: Path, storage: str = "", project: str = PROJECT
) -> Iterator[BigQuery]:
    """An empty BigQuery, installed below `cache` if it is not yet, which ends with the block.

    `storage` is the address of the fake GCS that load jobs read `gs://` from.

    Raises:
        UnavailableError: It cannot be installed.
        StationFailedError: It does not start; what it said is in `log_file`.
    """
    python = installed(cache)
    with tempfile.TemporaryDirectory() as folder:
        address = Path(folder) / "address"
        command = [str(python), str(SERVER), "--project", project, "--address-file", str(address)]
        environment = _environment(python) | {"STORAGE_EMULATOR_HOST": storage}
        with processes.running(command, environment, log_file) as server:
            processes.wait_until(address.exists, server, log_file, READY_SECONDS)
            yield BigQuery(project, address.read_text())


def installed(cache: Path) -> Path:
    """The Python of the emulator's environment, which is made at first use.

    Raises:
        UnavailableError: A package cannot be had.
    """
    return EMULATOR.python(
        cache, lambda python: EMULATOR.run([str(python), "-c", _EXTENSION], _environment(python))
    )


def _environment(python: Path) -> dict[str, str]:
    """Ours, with a home below the folder of downloads: the emulator leaves things there."""
    home = python.parents[2] / "home"
    home.mkdir(exist_ok=True)
    return {**os.environ, "HOME": str(home)}
