"""`musicflow init`: make ready what `dagster dev` expects to find."""

import click

from musicflow_dagster.dbt_models import prepared_project
from musicflow_dagster.instance import prepare_home
from musicflow_dagster.settings import read_settings


@click.command()
def init() -> None:
    """Create Dagster's folder with our configuration, and read the dbt project."""
    settings = read_settings()
    prepare_home(settings.dagster_home)
    prepared_project(settings)
    click.echo(f"DAGSTER_HOME={settings.dagster_home}")
