"""A real PostgreSQL for tests: one server for the whole run, an empty database for each test."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from contracts.postgres import PostgresUrl
from local.postgres import VERSION, embedded_postgres, make_database

RELEASE = "MUSICFLOW_TEST_POSTGRES_VERSION"
"""The variable that names another release of the package's."""


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Address of a database of a server that the tests may also hold up."""
    version = int(os.environ.get(RELEASE, VERSION))
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
        place = Path(folder)
        with embedded_postgres(
            place, place / "log", version=version, options=["-c", "fsync=off"]
        ) as address:
            yield address


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[PostgresUrl]:
    """An empty database of the test's own; it is gone afterwards, whoever is still in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    make_database(postgres_server, name)
    yield PostgresUrl(postgres_server.replace("/musicflow?", f"/{name}?"))
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f"drop database {name} with (force)")
