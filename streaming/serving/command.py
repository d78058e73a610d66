"""`python -m streaming migrate` and `recount`: what an operator does to the serving database."""

import sys

import click
import psycopg

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.logs import configure_logs
from contracts.postgres import ADDRESS, PostgresUrl, unavailable
from streaming.serving.migrate import ready_connection
from streaming.serving.recount import recount as recount_metrics
from streaming.settings import LandingSettings


@click.command("migrate")
def migrate() -> None:
    """Make the tables of the database that POSTGRES_URL names, or bring them up to date.

    Landing and batch do so by themselves, if they may; here it is done by whoever may.
    """
    configure_logs()
    try:
        url = _named(LandingSettings.read())
        ready_connection(url).close()
        click.echo(f"{url.shown} is up to date")
    except MusicFlowError as error:
        click.echo(f"migrate: {error}", err=True)
        sys.exit(1)


@click.command("recount")
def recount() -> None:
    """Count the metrics anew from raw_events, after rows were removed from it by hand."""
    configure_logs()
    try:
        settings = LandingSettings.read()
        url = _named(settings)
        with ready_connection(url) as connection:
            count = recount_metrics(connection, settings.lateness)
        click.echo(f"{count:,} events counted in {url.shown}")
    except psycopg.Error as error:
        click.echo(f"recount: {unavailable(url, error)}", err=True)
        sys.exit(1)
    except MusicFlowError as error:
        click.echo(f"recount: {error}", err=True)
        sys.exit(1)


def _named(settings: LandingSettings) -> PostgresUrl:
    if settings.postgres is None:
        raise ConfigurationError(f"{ADDRESS} names no database: set it to postgresql://…")
    return settings.postgres
