"""The PostgreSQL of a local run: it keeps its data, and ends with whoever started it."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from contracts.errors import ConfigurationError, UnavailableError
from local.postgres import embedded_postgres, postgres, postgres_if_possible, refuse_events
from local.workspace import Workspace

pytestmark = pytest.mark.integration

PATIENCE = 120
SERVE = """
import sys, time
from pathlib import Path
from local.postgres import embedded_postgres
folder = Path(sys.argv[1])
with embedded_postgres(folder, folder / "log") as address:
    print(address, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        yield Path(folder)


def test_its_data_stay_and_its_socket_is_where_nobody_else_can_enter(folder):
    with (
        embedded_postgres(folder, folder / "log") as address,
        psycopg.connect(address) as connection,
    ):
        connection.execute("create table kept (n int)")
    with (
        embedded_postgres(folder, folder / "log") as address,
        psycopg.connect(address) as connection,
    ):
        assert connection.execute("select count(*) from kept").fetchone() == (0,)
        sockets = Path(connection.info.host)

    assert sockets == folder / "data-18"
    assert sockets.stat().st_mode & 0o077 == 0


def test_data_that_were_left_half_made_are_made_anew(folder):
    (folder / "data-18" / "base").mkdir(parents=True)
    (folder / "data-18" / "PG_VERSION").write_text("18")

    with (
        embedded_postgres(folder, folder / "log") as address,
        psycopg.connect(address) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)


def test_in_a_folder_whose_path_is_too_long_for_a_socket_it_runs_all_the_same(folder):
    deep = folder / ("a" * 60) / ("b" * 60)

    with (
        embedded_postgres(deep, deep / "log") as address,
        psycopg.connect(address) as connection,
    ):
        assert connection.execute("select 1").fetchone() == (1,)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells it on Linux only")
def test_it_ends_when_its_parent_is_killed(folder):
    command = [sys.executable, "-c", SERVE, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        address = parent.stdout.readline().strip()
        psycopg.connect(address).close()
        parent.kill()
    deadline = time.monotonic() + PATIENCE
    while (folder / "data-18" / "postmaster.pid").exists():
        assert time.monotonic() < deadline, (folder / "log").read_text()
        time.sleep(0.1)

    assert "database system is shut down" in (folder / "log").read_text(), "it was not torn down"


def test_a_second_server_on_the_same_data_is_one_clear_error(folder):
    with (
        embedded_postgres(folder, folder / "log"),
        pytest.raises(UnavailableError, match="Postgres does not start"),
        embedded_postgres(folder, folder / "other"),
    ):
        pass


def test_a_configured_one_is_taken(tmp_path):
    with postgres(Workspace.under(tmp_path), {"POSTGRES_URL": "postgresql://there"}) as address:
        assert address == "postgresql://there"


def test_where_none_can_be_started_the_run_goes_on_with_live_counts(tmp_path):
    (tmp_path / "postgres").write_text("in the way")
    told = []

    with postgres_if_possible(Workspace.under(tmp_path), {"A": "b"}, told.append) as environment:
        assert environment == {"A": "b", "MUSICFLOW_LIVE": "true"}
    assert told[0].startswith("without Postgres: ")


def test_a_demo_refuses_a_database_that_has_events(postgres_server):
    refuse_events(postgres_server)
    with psycopg.connect(postgres_server) as connection:
        connection.execute("create table raw_events as select 1 as n")
    try:
        with pytest.raises(ConfigurationError, match="has events"):
            refuse_events(postgres_server)
    finally:
        with psycopg.connect(postgres_server) as connection:
            connection.execute("drop table raw_events")
