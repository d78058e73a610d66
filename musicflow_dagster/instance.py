"""The local Dagster instance: its folder, its configuration, and how a process opens it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

import dagster as dg
from sqlalchemy import event
from sqlalchemy.engine import Engine

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
    with _quick_databases(), dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


@contextmanager
def _quick_databases() -> Iterator[None]:
    """Spare Dagster a wait for the disk at each of its thousands of small commits.

    Dagster opens and closes an SQLite database for every event, and the last to close one moves
    its log into it. While we hold it open too, that is left to checkpoints. A power failure may
    cost Dagster's last events, never its database.
    """
    held: dict[str, sqlite3.Connection] = {}
    one_at_a_time = threading.Lock()

    def on_connect(connection: object, _record: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = normal")
            with one_at_a_time:
                _hold_open(held, connection)

    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)
        for each in held.values():
            each.close()


def _hold_open(held: dict[str, sqlite3.Connection], connection: sqlite3.Connection) -> None:
    """Hold the database of `connection` open as well, if it is a file."""
    path = connection.execute("pragma database_list").fetchone()[2]
    if not path:
        return
    if path not in held:
        held[path] = sqlite3.connect(path, check_same_thread=False)
    # A database whose log was never read counts as closed. One that is just being made may be
    # locked: it is held from the next time on.
    with suppress(sqlite3.OperationalError):
        held[path].execute("select count(*) from sqlite_master").fetchone()
