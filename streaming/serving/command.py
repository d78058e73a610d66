"""`python -m streaming migrate`: the tables of the serving database, made and up to date."""

import os
import sys

import click

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.logs import configure_logs
from contracts.postgres import ADDRESS, PostgresUrl
from streaming.serving.migrate import ready_connection


@click.command("migrate")
def migrate() -> None:
    """Make the tables of the database that POSTGRES_URL names, or bring them up to date.

    Landing and batch do so by themselves, if they may; here it is done by whoever may.
    """
    configure_logs()
    try:
        url = PostgresUrl.read(os.environ)
        if url is None:
            raise ConfigurationError(f"{ADDRESS} names no database: set it to postgresql://…")
        ready_connection(url).close()
        click.echo(f"{url.shown} is up to date")
    except MusicFlowError as error:
        click.echo(f"migrate: {error}", err=True)
        sys.exit(1)
