"""`python -m streaming batch`: files into the lake, into Postgres, or into both."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

import click

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.events import EVENTS_BY_NAME
from contracts.logs import configure_logs
from contracts.store import open_store
from streaming.batch.files import Outcome, files_of, land_files
from streaming.batch.landing import Landed, Target
from streaming.batch.source import Form, Reading
from streaming.lake_record import claim
from streaming.options import HOME, LAKE, START
from streaming.settings import LandingSettings


@click.command("batch")
@click.option(
    "--input", "inputs", required=True, multiple=True,
    help="File, folder or pattern, such as 'events/*.csv'; may be repeated.",
)  # fmt: skip
@click.option(
    "--to", "target", type=click.Choice(get_args(Target)), default="lake", show_default=True
)
@click.option(
    "--event", type=click.Choice(list(EVENTS_BY_NAME)),
    help="What the files are of. [default: as they or their folders are named]",
)  # fmt: skip
@click.option(
    "--format", "form", type=click.Choice(get_args(Form)), help="[default: by the files' names]"
)
@click.option("--columns", default="", help="Of CSV files without a header: a,b,c.")
@click.option("--delimiter", default="", help="Of CSV files. [default: , ; tab or | as it fits]")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each as JSON.")
@click.option("--master", help="Spark master, for several files. [default: local[*,2]]")
@LAKE
@HOME
@START
def batch(inputs: tuple[str, ...], *, target: Target, as_json: bool, **options: Any) -> None:
    """Land CSV, NDJSON or Parquet files, plain or packed, once each, whatever they are called.

    Records are judged as Kafka's messages are. A file that can't be read holds up no other.
    """
    configure_logs()
    try:
        reading = Reading(
            event=options.pop("event") or "",
            form=options.pop("form"),
            columns=_columns(options.pop("columns")),
            delimiter=_delimiter(options.pop("delimiter")),
        )
        settings = LandingSettings.read(**options)
        paths = files_of(inputs)
        claim(open_store(settings.lake))
        outcomes = land_files(settings, target, reading, paths)
    except MusicFlowError as error:
        click.echo(f"batch: {error}", err=True)
        sys.exit(1)
    _show(outcomes, as_json=as_json)
    for _, each in outcomes:
        if isinstance(each, MusicFlowError):
            click.echo(f"batch: {each}", err=True)
    if any(isinstance(each, MusicFlowError) for _, each in outcomes):
        sys.exit(1)


def _columns(written: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in written.split(",")) if written else ()


def _delimiter(written: str) -> str:
    """The character that is meant.

    Raises:
        ConfigurationError: It is none that could stand between cells.
    """
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";"}.get(written, written)
    if len(named) > 1 or named in ('"', "\n", "\r") or not named.isascii():
        raise ConfigurationError(
            f"--delimiter {written!r} can't stand between cells: give one ASCII character, or tab"
        )
    return named


def _show(outcomes: Iterable[tuple[Path, Outcome]], *, as_json: bool) -> None:
    if as_json:
        told = [
            asdict(each) if isinstance(each, Landed) else _problem(path, each)
            for path, each in outcomes
        ]
        click.echo(json.dumps(told))
        return
    for path, each in outcomes:
        click.echo(_line(path, each))


def _problem(path: Path, error: MusicFlowError) -> dict[str, Any]:
    """What is wrong; trying again may help unless it is the file."""
    again = not isinstance(error, ConfigurationError)
    return {"file": str(path), "problem": str(error), "try_again": again}


def _line(path: Path, outcome: Outcome) -> str:
    """What became of a file, for people."""
    if isinstance(outcome, MusicFlowError):
        return f"{path.name}: not landed"
    reasons = ", ".join(f"{count:,} {name}" for name, count in outcome.rejected_by_reason.items())
    before = " (had landed before)" if outcome.landed_before else ""
    served = ""
    if outcome.inserted is not None:
        served = f", {outcome.inserted:,} new in Postgres, {outcome.duplicates:,} stood there"
    return (
        f"{path.name}: {outcome.event}, {outcome.accepted:,} accepted, {outcome.rejected:,} "
        f"rejected{f' ({reasons})' if reasons else ''}{served}{before}"
    )
