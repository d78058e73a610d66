"""Options that several commands have."""

import click

LAKE = click.option("--lake", "lake_folder", help="The lake. [default: <home>/lake]")
HOME = click.option("--home", type=click.Path(), help="Work folder. [default: .musicflow]")
START = click.option("--start", type=click.DateTime(), help="Oldest accepted event, UTC.")
