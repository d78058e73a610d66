"""The Postgres that `POSTGRES_URL` names: its address, which is a secret, and connections to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import psycopg
from psycopg import conninfo

from contracts.errors import ConfigurationError, MusicFlowError, UnavailableError
from contracts.secret_files import secret

ADDRESS = "POSTGRES_URL"
OLDEST = 150_000
"""Oldest server that is tested for, as libpq writes its version: 15.0."""
PATIENCE = 10
"""Seconds that a server has to answer a new connection."""
# A server that vanished without a word is noticed within a minute.
_KEPT_ALIVE = {"keepalives_idle": 20, "keepalives_interval": 10, "keepalives_count": 3,
               "tcp_user_timeout": 60_000}  # fmt: skip
_DATA_ERRORS = ("22", "23")
"""Classes of errors whose words may quote a value."""


@dataclass(frozen=True, slots=True)
class PostgresUrl:
    """How a server and a database are reached. It may hold a password, so it is never shown."""

    url: str = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self | None:
        """The server that the environment names; None if it names none.

        Raises:
            ConfigurationError: It cannot be read as an address.
        """
        url = secret(environment, ADDRESS).strip()
        if not url:
            return None
        try:
            parts = conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError:
            parts = {}
        if not parts:
            # Without the cause: its words quote the address.
            raise ConfigurationError(
                f"{ADDRESS} cannot be read: write it as postgresql://user:…@host:5432/name"
            ) from None
        return cls(url)

    @property
    def shown(self) -> str:
        """Host and database, as may be shown.

        >>> PostgresUrl("postgresql://db.example:5433/music?password=secret").shown
        'db.example:5433/music'
        """
        parts = conninfo.conninfo_to_dict(self.url)
        host, port = parts.get("host") or "localhost", parts.get("port")
        name = parts.get("dbname") or parts.get("user") or "postgres"
        return f"{host}:{port}/{name}" if port else f"{host}/{name}"

    def connect(self, *, read_only: bool = False, patience: int = PATIENCE) -> psycopg.Connection:
        """A new connection in UTC, which begins a transaction by itself.

        Raises:
            UnavailableError: There is no such server, or it lets nobody in now.
        """
        own = conninfo.conninfo_to_dict(self.url)
        defaults = {"connect_timeout": patience, "application_name": "musicflow", **_KEPT_ALIVE}
        missing = {name: value for name, value in defaults.items() if name not in own}
        try:
            connection = psycopg.connect(self.url, **missing)  # type: ignore[arg-type]  # typed for each name alone
            with connection.transaction():
                connection.execute("set timezone to 'UTC'")
            if read_only:  # else as the server has it: a standby is read-only anyway
                connection.read_only = True
        except psycopg.Error as error:
            raise unavailable(self, error) from error
        return connection

    def check(self, connection: psycopg.Connection) -> None:
        """The server must be new enough, and its database hold any text.

        Raises:
            UnavailableError: It does not.
        """
        if (found := connection.info.server_version) < OLDEST:
            raise UnavailableError(
                f"Postgres at {self.shown} has version {found // 10_000}: "
                f"{OLDEST // 10_000} or newer is needed"
            )
        encoding = connection.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise UnavailableError(
                f"the database {self.shown} has the encoding {encoding}: create one with "
                "`encoding 'UTF8' template template0`"
            )


def unavailable(url: PostgresUrl, error: psycopg.Error) -> MusicFlowError:
    """What happened, without any value of a row or the password."""
    return UnavailableError(f"Postgres at {url.shown} does not do it: {told(error)}")


def told(error: psycopg.Error) -> str:
    """The server's own words in a line, where they quote no values."""
    if (error.sqlstate or "").startswith(_DATA_ERRORS):
        return f"{type(error).__name__} ({error.sqlstate})"
    words = error.diag.message_primary or str(error).strip() or type(error).__name__
    return " ".join(words.split("\n")[0].split())
