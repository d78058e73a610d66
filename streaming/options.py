"""Options that several commands have."""

import getpass

import click


def _named(context: click.Context, option: click.Parameter, given: str | None) -> str:
    del context, option
    try:
        return given or getpass.getuser()
    except (KeyError, OSError) as error:
        raise click.UsageError(
            "this machine has no name for who runs this: say who answers for it with --by"
        ) from error


LAKE = click.option("--lake", "lake_folder", help="The lake. [default: <home>/lake]")
HOME = click.option("--home", type=click.Path(), help="Work folder. [default: .musicflow]")
START = click.option("--start", type=click.DateTime(), help="Oldest accepted event, UTC.")
BY = click.option(
    "--by", callback=_named, help="Who answers for it. [default: the name of who runs it]"
)
