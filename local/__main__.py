"""`python -m local demo`, `dev` and `dashboard`."""

import os
import signal
import sys
from pathlib import Path
from typing import NoReturn, get_args

import click

from contracts.errors import MusicFlowError
from local import bigquery_emulator, go_tools, infra_tables, places
from local import dashboard as dashboard_run
from local import demo as demo_run
from local import dev as dev_run
from local import export as export_run
from local import infra as infra_run
from local.go_tools import COMPOSE, FAKE_GCS, MINIO
from local.workspace import Workspace

WORK_FOLDER = Path(".musicflow")
IMAGES = Path("docs/images")
CLOUDS = {"gs": places.google, "s3": places.s3}
GOOGLE_USERS = 1000
"""Listeners where an emulator of BigQuery does the work of a warehouse."""


@click.group()
def main() -> None:
    """Run the whole platform on this machine."""


@main.command()
@click.option(
    "--songs",
    type=click.Path(path_type=Path),
    help="A catalogue: CSV with artist, title, duration.",
)
@click.option(
    "--events",
    type=click.Path(path_type=Path),
    help="Land the NDJSON files of this folder (topic.json, topic.json.gz) instead of simulating.",
)
@click.option(
    "--users",
    type=click.IntRange(min=1),
    help=f"Listeners to simulate. [default: {demo_run.USERS}; with --cloud gs {GOOGLE_USERS}]",
)
@click.option(
    "--cloud",
    type=click.Choice(list(CLOUDS)),
    help="The lake in a bucket on this machine: gs (with BigQuery's emulator), or s3 (MinIO).",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=WORK_FOLDER,
    show_default=True,
    help="Work folder; the run itself stands in its `demo` (with --cloud in its `demo-cloud`), "
    "which is emptied first.",
)
def demo(
    songs: Path | None, events: Path | None, users: int | None, cloud: str | None, home: Path
) -> None:
    """The main job end to end, once: listeners, Kafka, Spark, lake, Dagster, DuckDB, dbt."""
    if songs and events:
        raise click.UsageError("--songs is for simulated listeners, --events brings its own")
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    users = users or (GOOGLE_USERS if cloud == "gs" else demo_run.USERS)
    source = demo_run.Source(songs=songs, events=events, users=users)
    workspace = Workspace.under(home, "demo-cloud" if cloud else "demo")
    place = CLOUDS[cloud] if cloud else places.folders
    reconciled = demo_run.run(workspace, source, place)
    sys.exit(0 if reconciled else 1)


@main.command()
@click.option(
    "--run",
    "name",
    type=click.Choice(dashboard_run.RUNS),
    help="Whose tables. [default: what was published last]",
)
@click.option("--port", default=dashboard_run.PORT, show_default=True)
@click.option("--home", type=click.Path(path_type=Path), default=WORK_FOLDER, show_default=True)
def dashboard(name: str | None, port: int, home: Path) -> None:
    """The pages that people look at, until Ctrl-C."""
    sys.exit(dashboard_run.run(home, name, port))


@main.command()
@click.option("--port", default=dev_run.DAGSTER_PORT, show_default=True, help="Dagster's port.")
@click.option("--dashboard-port", default=dashboard_run.PORT, show_default=True)
@click.option("--users", default=1000, show_default=True, help="Listeners to simulate.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    default=WORK_FOLDER,
    show_default=True,
    help="Work folder; a later run goes on where this one ended.",
)
def dev(port: int, dashboard_port: int, users: int, home: Path) -> None:
    """The live platform, until Ctrl-C."""
    ports = dev_run.Ports(dagster=port, dashboard=dashboard_port)
    sys.exit(dev_run.run(Workspace.under(home), ports, users))


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option("--form", type=click.Choice(get_args(export_run.Form)), default="parquet")
@click.option(
    "--schema",
    "schemas",
    type=click.Choice(export_run.SCHEMAS),
    multiple=True,
    default=export_run.SCHEMAS,
    show_default=True,
    help="Which tables; may be given several times.",
)
@click.option(
    "--run",
    "name",
    type=click.Choice(dashboard_run.RUNS),
    help="Whose tables. [default: what was published last; MUSICFLOW_SNAPSHOT wins]",
)
@click.option("--home", type=click.Path(path_type=Path), default=WORK_FOLDER, show_default=True)
def export(
    folder: Path, form: export_run.Form, schemas: tuple[str, ...], name: str | None, home: Path
) -> None:
    """Write the published tables to FOLDER, as files for BI tools (docs/bi_tools.md)."""
    run = name or dashboard_run.last_published(home)
    given = os.environ.get("MUSICFLOW_SNAPSHOT")
    snapshot = Path(given) if given else dashboard_run.workspace_of(home, run).snapshot
    for file in export_run.export(snapshot, folder, form, schemas):
        click.echo(file)


@main.command()
@click.option("--run", "name", type=click.Choice(dashboard_run.RUNS), help="Whose tables.")
@click.option("--to", "folder", type=click.Path(path_type=Path), default=IMAGES, show_default=True)
@click.option("--home", type=click.Path(path_type=Path), default=WORK_FOLDER, show_default=True)
def screenshots(name: str | None, folder: Path, home: Path) -> None:
    """Take the docs' pictures of the dashboard, with the system's Chromium."""
    # Playwright is a tool of developers, and not installed by everybody.
    from local import screenshots as pictures  # noqa: PLC0415

    for file in pictures.take(home, name, folder):
        click.echo(f"{file}  {file.stat().st_size // 1024} KB")


@main.command()
@click.option("--minio", "with_minio", is_flag=True, help="MinIO too, which takes five minutes.")
@click.option("--home", type=click.Path(path_type=Path), default=WORK_FOLDER, show_default=True)
def tools(home: Path, *, with_minio: bool) -> None:
    """Install what the demo in a cloud and tests run: a fake GCS, BigQuery's emulator, others."""
    cache = Workspace.under(home).cache
    for tool in (FAKE_GCS, COMPOSE, *([MINIO] if with_minio else [])):
        click.echo(go_tools.installed(tool, cache))
    click.echo(bigquery_emulator.installed(cache))
    for program in (infra_run.terraform, infra_run.tflint, infra_run.checkov):
        click.echo(program(cache))


@main.command()
@click.option("--home", type=click.Path(path_type=Path), default=WORK_FOLDER, show_default=True)
@click.option("--tables", is_flag=True, help="Write the tables of docs/terraform.md instead.")
def infra(home: Path, *, tables: bool) -> None:
    """Check deploy/terraform: its form, TFLint, Checkov; without Google and its provider."""
    cache = Workspace.under(home).cache
    if tables:
        click.echo(infra_tables.write(infra_run.parsed(cache)))
        return
    for check in infra_run.CHECKS:
        infra_run.run(check, cache)
        click.echo(f"{check.name}: passed")


def _interrupt(signum: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt(signum)


if __name__ == "__main__":
    try:
        main(prog_name="python -m local")
    except MusicFlowError as error:
        sys.exit(f"musicflow: {error}")
