"""`python -m streaming erase`: what a user has in the lake and in Postgres is removed."""

import json
import os
import sys

import click

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.events import EVENTS
from contracts.logs import configure_logs
from contracts.user_ids import read_user_id
from streaming.erase.user import Erased, erase_user
from streaming.options import BY, HOME, LAKE
from streaming.settings import LandingSettings

USER = "MUSICFLOW_FORGET_USER"


@click.command("erase")
@BY
@click.option(
    "--new-key", is_flag=True,
    help="The list's key was lost: go on under a new one. Who was forgotten before has to be "
    "forgotten again.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print what was erased as one JSON object.")
@LAKE
@HOME
def erase(*, by: str, new_key: bool, as_json: bool, **options: str | None) -> None:
    """Erase a user from the lake and from Postgres, and put the user on the suppression list.

    The id is read from MUSICFLOW_FORGET_USER or else from a line of the input, since arguments
    can be seen by others. Run it again after it was killed. `musicflow forget` does this, and
    the warehouse too.
    """
    configure_logs()
    try:
        user_id = _user_id(os.environ.get(USER) or sys.stdin.readline())
        settings = LandingSettings.read(**options)
        done = erase_user(settings, EVENTS, user_id, by, new_key=new_key)
    except MusicFlowError as error:
        click.echo(f"erase: {error}", err=True)
        sys.exit(1)
    click.echo(json.dumps(done.as_json()) if as_json else _told(done))


def _user_id(written: str) -> int:
    """The id.

    Raises:
        ConfigurationError: It is none; it is not shown.
    """
    user_id = read_user_id(written)
    if user_id is None:
        raise ConfigurationError(
            f"give the user's id, a whole number, in {USER} or as the first line of the input"
        )
    return user_id


def _told(done: Erased) -> str:
    """What was erased, for people."""
    lines = [
        f"{name}: {sum(each.hours.values()):,} rows of {len(each.hours):,} hours, "
        f"{sum(each.rejects.values()):,} rejects"
        for name, each in done.events.items()
    ]
    if done.postgres is not None:
        tables = ", ".join(f"{rows:,} of {table}" for table, rows in done.postgres.items())
        lines.append(f"Postgres: {tables}")
    return "\n".join([*lines, *(f"remains: {each}" for each in done.remains)])
