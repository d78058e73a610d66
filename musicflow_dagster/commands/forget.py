"""`musicflow forget`: erase a user everywhere, and keep the user out."""

import sys

import click
import msgspec

from contracts.errors import ConfigurationError
from contracts.user_ids import read_user_id
from musicflow_dagster.commands.tables import table
from musicflow_dagster.forgetting.report import ErasureReport
from musicflow_dagster.forgetting.steps import Forgetting
from musicflow_dagster.knowledge import require_lake
from musicflow_dagster.settings import Settings, read_settings


@click.command()
@click.option(
    "--user",
    required=True,
    help="The user's id; `-` reads it from standard input, where neither `ps` nor the shell's "
    "history shows it.",
)
@click.option("--by", help="Who answers for it. [default: the name of the machine's user]")
@click.option(
    "--new-key",
    is_flag=True,
    help="The list's key was lost: go on under a new one. Who was forgotten before has to be "
    "forgotten again.",
)
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def forget(user: str, *, by: str | None, new_key: bool, yes: bool, as_json: bool) -> None:
    """Erase a user from lake, rejects, raw, marts, snapshot and Postgres; keep the user out.

    The user goes on a list (a keyed hash, in the lake) that every later landing, load, backfill and
    replay honours. The hours that the user was in are built again without the user. Killed or
    failed in the middle: run it again, it goes on. It waits for a run that writes, an hour at most.
    """
    settings = read_settings()
    user_id = _user_id(user)
    require_lake(settings)
    if not yes:
        if user == "-":
            raise ConfigurationError("with --user -, say --yes too: the answer can't be read")
        click.echo(_intent(settings), err=True)
        click.confirm("Erase this user? It can't be undone", abort=True, err=True)
    report = Forgetting(settings, user_id, by or "", is_key_new=new_key).run()
    click.echo(_as_json(report) if as_json else _as_text(report, settings))


def _user_id(given: str) -> int:
    """The id.

    Raises:
        ConfigurationError: It is none. It is not shown, nor is anything guessed: what is erased
            of another user is gone.
    """
    user_id = read_user_id(sys.stdin.readline() if given == "-" else given)
    if user_id is None:
        raise ConfigurationError("--user takes the id of a user, a whole number of 64 bits")
    return user_id


def _intent(settings: Settings) -> str:
    """What will be done, and where."""
    warehouse = settings.warehouse if settings.target == "local" else f"project {settings.project}"
    lines = [
        f"From the lake {settings.lake}: the user's rows and rejects; files are written anew.",
        "From Postgres, where it is served from there.",
        f"From the warehouse {warehouse}: the user's rows; their hours are built again.",
    ]
    if settings.target == "local":
        lines.append("The warehouse's file is written anew, which takes room for a second one.")
        lines.append(f"From {settings.snapshot}: all publications but the newest.")
    lines.append("The user's id goes on the list of those who are kept out, as a keyed hash.")
    return "\n".join(lines)


def _as_json(report: ErasureReport) -> str:
    return msgspec.json.encode(report).decode()


def _as_text(report: ErasureReport, settings: Settings) -> str:
    lines = []
    if totals := report.totals():
        lines += [table(["place", "of", "rows erased"], totals), ""]
    else:
        lines.append("Nothing of this user was found. The user is kept out from now on.")
    if report.rebuilt:
        lines.append(f"built again: {', '.join(report.rebuilt)}")
    lines += ["", "What this does not erase; it does not come back from there:"]
    lines.append(
        table(
            ["where", "what", "until"],
            [(each.where, each.what, each.until) for each in report.remains],
        )
    )
    path = settings.erasures / f"{report.user_hash}.json"
    return "\n".join([*lines, "", f"report, by place and hour: {path}"])
