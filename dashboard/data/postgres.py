"""Live counts from Postgres: a short, read-only look with each refresh, which waits for nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import polars as pl
import psycopg
from psycopg import errors

from contracts import serving
from contracts.errors import UnavailableError
from contracts.postgres import PostgresUrl, unavailable

PATIENCE_SECONDS = 3
"""How long a server may take to answer a new connection."""
LONGEST_QUERY = "5s"
POLARS_TYPES: Mapping[serving.ColumnType, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
}


@contextmanager
def looking(url: PostgresUrl) -> Iterator[psycopg.Connection]:
    """A connection that can only read, in one transaction: all that it sees is of one moment.

    Raises:
        UnavailableError: The server is away, or landing has not made its tables there.
    """
    try:
        with url.connect(read_only=True, patience=PATIENCE_SECONDS) as connection:
            connection.execute("set transaction isolation level repeatable read, read only")
            connection.execute(f"set local statement_timeout = '{LONGEST_QUERY}'")
            yield connection
    except errors.UndefinedTable as error:
        raise UnavailableError(
            f"Postgres at {url.shown} has no tables of MusicFlow yet: start landing with "
            "POSTGRES_URL set, or run `python -m streaming migrate`"
        ) from error
    except psycopg.Error as error:
        raise unavailable(url, error) from error


def rows(
    connection: psycopg.Connection,
    table: serving.Table,
    where: str = "true",
    **parameters: Any,
) -> pl.DataFrame:
    """Rows of a serving table, the last of its key first; numbers that only join are left out."""
    columns = {each.name: POLARS_TYPES[each.type] for each in table.columns if each.name != "id"}
    first, *others = table.key
    order = ", ".join([f"{first} desc", *others])
    found = connection.execute(
        f"select {', '.join(columns)} from {table.name} where {where} order by {order}",  # noqa: S608  names of the contract and conditions of ours; values are parameters
        parameters,
    ).fetchall()
    return pl.DataFrame(found, schema=columns, orient="row")
