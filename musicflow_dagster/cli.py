"""The command `musicflow`: build hours, see how they stand, prove that nothing was lost."""

import atexit
import importlib
import sys

import click

from contracts.errors import MusicFlowError
from contracts.logs import configure_logs

COMMANDS = {
    "build": "Build all hours that are complete, or a range of hours.",
    "backfill": "Build any range of hours again, in one run.",
    "doctor": "Examine the machine, Kafka and our folders; say what to do.",
    "forget": "Erase a user everywhere, and keep the user out.",
    "init": "Make ready what `dagster dev` expects: its folder, the dbt project read.",
    "reconcile": "Prove that every event is accounted for; the exit code says whether it is.",
    "status": "Show how far each topic has landed and been built, and what is broken.",
}


class LazyGroup(click.Group):
    """Imports a command when it is called: `doctor` should not wait for Dagster."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        """The commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 click's signature
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"musicflow_dagster.commands.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 click's signature
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup)
@click.option("--log-json", is_flag=True, help="Write logs as JSON objects.")
def musicflow(*, log_json: bool) -> None:
    """Hours of music-streaming events, from the lake to tables people can trust."""
    configure_logs(json=log_json)


def main() -> None:
    """Run a command; an error of ours is one line on stderr and exit code 1."""
    atexit.register(_end_fsspec)
    try:
        musicflow(standalone_mode=True)
    except MusicFlowError as error:
        click.echo(f"musicflow: {error}", err=True)
        sys.exit(1)


def _end_fsspec() -> None:
    """End the thread of buckets' clients, if there is one.

    While it lives the interpreter can't clear all modules, and DuckDB's then tells of leaks in
    forty lines, after ours.
    """
    asyn = sys.modules.get("fsspec.asyn")
    if asyn is not None and asyn.loop[0] is not None:
        asyn.loop[0].call_soon_threadsafe(asyn.loop[0].stop)
        asyn.iothread[0].join(timeout=5)
