"""The schema of the serving database: made and brought up to date by its migrations."""

import logging
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from contracts.errors import ConfigurationError, UnavailableError
from contracts.logs import log
from contracts.postgres import PostgresUrl, told, unavailable
from contracts.serving import SCHEMA_REVISION, SCHEMA_TABLE

_SCRIPTS = Path(__file__).with_name("migrations")


def ready_connection(url: PostgresUrl) -> psycopg.Connection:
    """A connection to a database whose schema is the one this version knows; it is made so.

    Raises:
        UnavailableError: The server is away, too old, or does not let us make tables.
        ConfigurationError: The schema is of a newer version.
    """
    connection = url.connect()
    try:
        url.check(connection)
        if schema_revision(connection) != SCHEMA_REVISION:
            migrate(url)
        with connection.transaction():
            # A machine that vanished while it had its turn must not hold up the others for hours.
            connection.execute("set idle_in_transaction_session_timeout to '60s'")
    except psycopg.Error as error:
        connection.close()
        raise unavailable(url, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def schema_revision(connection: psycopg.Connection) -> str | None:
    """The last migration that the database has seen; None for an empty one."""
    with connection.transaction():
        found = connection.execute("select to_regclass(%s) is not null", [SCHEMA_TABLE]).fetchone()
        if not found or not found[0]:
            return None
        row = connection.execute(f"select version_num from {SCHEMA_TABLE}").fetchone()  # noqa: S608 our own
    return str(row[0]) if row else None


def migrate(url: PostgresUrl) -> None:
    """Run the migrations that are missing, all or none; processes that do so at once take turns.

    Raises:
        UnavailableError: The server is away, or does not let us make tables.
        ConfigurationError: The schema is of a newer version, or the migrations are not here.
    """
    if not _SCRIPTS.is_dir():
        raise ConfigurationError(
            f"the database {url.shown} lacks its tables, and a packed MusicFlow cannot make them: "
            "run `python -m streaming migrate` where it is installed"
        )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    engine = create_engine("postgresql+psycopg://", creator=url.connect, poolclass=NullPool)
    try:
        with engine.connect() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
    except DBAPIError as error:
        cause = error.orig
        words = told(cause) if isinstance(cause, psycopg.Error) else type(error).__name__
        raise UnavailableError(f"the tables at {url.shown} cannot be made: {words}") from error
    except CommandError as error:
        raise ConfigurationError(
            f"the database {url.shown} has a schema that this version does not know (it knows up "
            f"to {SCHEMA_REVISION}): upgrade MusicFlow, or name another database"
        ) from error
    log.info("serving schema is up to date", database=url.shown, revision=SCHEMA_REVISION)
