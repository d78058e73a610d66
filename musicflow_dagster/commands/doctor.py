"""`musicflow doctor`: is everything as the platform needs it, and if not, what to do."""

import json
from collections.abc import Iterator

import click

from contracts.errors import ConfigurationError, MusicFlowError
from contracts.lake import hour_key
from musicflow_dagster.doctor import data, machine
from musicflow_dagster.doctor.bucket import bucket
from musicflow_dagster.doctor.finding import Finding
from musicflow_dagster.doctor.kafka import kafka
from musicflow_dagster.settings import Settings, read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(*, as_json: bool) -> None:
    """Examine Java, ports, Kafka, lake, warehouse, versions, disk, settings, and the cloud in use.

    What is not made yet is no problem. The exit code is 0 if there is none, and 1 if there is.
    """
    findings = list(_examined())
    problems = [each.name for each in findings if not each.is_ok]
    click.echo(_as_json(findings) if as_json else _as_text(findings))
    if problems:
        raise MusicFlowError(f"something is to be done about {', '.join(problems)}: see above")


def _examined() -> Iterator[Finding]:
    yield machine.versions()
    yield machine.java()
    yield machine.web_port()
    try:
        settings = read_settings()
    except ConfigurationError as error:
        yield Finding("settings", "a variable is wrong", str(error))
        return
    yield _settings(settings)
    yield machine.disk(settings.home)
    yield from kafka(settings.home)
    yield from data.lake(settings)
    yield from bucket(settings.lake)
    if settings.target == "gcp" or settings.lake.startswith("gs://"):
        yield from _of_google(settings)
    yield from data.erasures(settings)
    yield data.dagster(settings)
    if settings.target == "local":
        yield data.warehouse(settings)
        yield data.snapshot(settings)


def _of_google(settings: Settings) -> Iterator[Finding]:
    try:
        # Google's packages are an extra, and take a second to import.
        from musicflow_dagster.doctor.google import google_cloud  # noqa: PLC0415
    except ImportError as error:
        missing = f"{error.name} is missing"
        yield Finding("packages", missing, f"pip install 'musicflow[cloud]', or {machine.INSTALL}")
        return
    yield from google_cloud(settings)


def _settings(settings: Settings) -> Finding:
    start = hour_key(settings.start)
    if not (settings.dbt_project / "dbt_project.yml").is_file():
        what = f"{settings.dbt_project} holds no dbt project"
        return Finding("settings", what, "set MUSICFLOW_DBT_PROJECT")
    return Finding("settings", f"home {settings.home}, first hour {start}")


def _as_json(findings: list[Finding]) -> str:
    told = [
        {"name": each.name, "ok": each.is_ok, "what": each.what, "do": each.do or None}
        for each in findings
    ]
    return json.dumps({"ok": all(each.is_ok for each in findings), "findings": told})


def _as_text(findings: list[Finding]) -> str:
    width = max(len(each.name) for each in findings)
    lines = []
    for each in findings:
        lines.append(f"{'ok     ' if each.is_ok else 'PROBLEM'}  {each.name:{width}}  {each.what}")
        if each.do:
            lines.append(f"{'':{width + 11}}-> {each.do}")
    return "\n".join(lines)
