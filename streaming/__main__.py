"""The commands of landing: `python -m streaming`, and those that repair or tidy the lake."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime

import click

from contracts.errors import MusicFlowError
from contracts.events import EVENTS, EVENTS_BY_NAME, Event
from contracts.lake import hour_key, hour_of
from contracts.logs import configure_logs
from streaming.batch.command import batch
from streaming.erase.command import erase
from streaming.gaps import accept_gaps
from streaming.jars import SPARK_KAFKA, jars
from streaming.java import java_home, spark_java_home
from streaming.landing import land
from streaming.options import BY, HOME, LAKE, START
from streaming.package import put_package
from streaming.quiet import silence_spark
from streaming.replay import replay_rejects
from streaming.retention import cutoff, expire
from streaming.serving.command import migrate, recount
from streaming.session import SparkEndedError, spark_session
from streaming.settings import LandingSettings
from streaming.submitted import is_submitted, submitted_session

EVENT = click.option(
    "--event", "names", multiple=True, type=click.Choice(list(EVENTS_BY_NAME)),
    help="This event only; may be repeated. [default: all]",
)  # fmt: skip


def _events(names: Iterable[str]) -> list[Event]:
    """The events of these names, once each; all if none is named."""
    return [EVENTS_BY_NAME[name] for name in dict.fromkeys(names)] or list(EVENTS)


def hour_option(
    _context: click.Context, parameter: click.Parameter, value: str | None
) -> datetime | None:
    """The hour that an option names, UTC unless it says otherwise."""
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(
            f"{value!r} is no hour; write it as 2026-01-06T05", param=parameter
        ) from error
    return hour_of(at if at.tzinfo else at.replace(tzinfo=UTC))


@click.group(invoke_without_command=True)
@click.option("--once", is_flag=True, help="Land what Kafka holds now, then stop.")
@click.option("--trigger", help="Time from batch to batch. [default: 120 seconds]")
@click.option(
    "--topic", "topics", multiple=True, type=click.Choice(list(EVENTS_BY_NAME)),
    help="Land this topic only; may be repeated.",
)  # fmt: skip
@click.option("--kafka", help="Address of the cluster. [default: the local broker's]")
@LAKE
@click.option("--checkpoints", "checkpoints_folder", help="[default: <home>/checkpoints]")
@HOME
@START
@click.option("--master", help="Spark master. [default: local[*,2]]")
@click.option("--log-json", is_flag=True, help="Log one JSON object a line, for machines.")
@click.pass_context
def main(
    context: click.Context,
    /,
    *,
    once: bool,
    topics: tuple[str, ...],
    log_json: bool,
    **options: str | datetime | None,
) -> None:
    """Land Kafka's messages in the lake until SIGTERM or Ctrl-C.

    What the options don't say the environment does (MUSICFLOW_…, KAFKA_BOOTSTRAP_SERVERS). The
    batch in hand is finished before the command ends.
    """
    if context.invoked_subcommand:
        if once or topics or log_json or any(options.values()):
            raise click.UsageError(f"options go after {context.invoked_subcommand}")
        return
    configure_logs(json=log_json)
    silence_spark()
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    try:
        settings = LandingSettings.read(**options)
        session = submitted_session if is_submitted() else spark_session
        land(settings, _events(topics), stop, once=once, session=session)
    except SparkEndedError as error:
        click.echo(f"landing: {error}", err=True)
        sys.exit(os.EX_TEMPFAIL)  # for supervisors: starting it again is all that it takes
    except MusicFlowError as error:
        click.echo(f"landing: {error}", err=True)
        sys.exit(1)


@main.command("replay-rejects")
@click.option(
    "--from", "first", required=True, callback=hour_option,
    help="First hour of judgement, such as 2026-01-06T05, UTC.",
)  # fmt: skip
@click.option("--to", "end", required=True, callback=hour_option, help="Hour to stop before.")
@EVENT
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@LAKE
@HOME
@START
def replay(
    first: datetime,
    end: datetime,
    names: tuple[str, ...],
    *,
    as_json: bool,
    **options: str | datetime | None,
) -> None:
    """Judge again what was rejected in these hours, and land what passes now, once.

    Needed after the contract or a limit was mended. What still fails stays a reject.
    """
    configure_logs()
    try:
        done = replay_rejects(LandingSettings.read(**options), _events(names), first, end)
        if as_json:
            click.echo(json.dumps({name: asdict(each) for name, each in done.items()}))
    except MusicFlowError as error:
        click.echo(f"replay: {error}", err=True)
        sys.exit(1)


@main.command("accept-gap")
@EVENT
@click.option("--yes", is_flag=True, help="Put on record that it is lost; otherwise only show it.")
@BY
@click.option("--kafka", help="Address of the cluster. [default: the local broker's]")
@LAKE
@click.option("--checkpoints", "checkpoints_folder", help="[default: <home>/checkpoints]")
@HOME
def accept_gap(
    names: tuple[str, ...], *, yes: bool, by: str, **options: str | datetime | None
) -> None:
    """Show what Kafka lost before it landed; with --yes, go on without it.

    Each gap stays on record in the lake: topic, partition, offsets, when, accepted by whom.
    """
    configure_logs()
    try:
        settings = LandingSettings.read(**options)
        accept_gaps(settings, _events(names), by, really=yes, show=click.echo)
    except MusicFlowError as error:
        click.echo(f"accept-gap: {error}", err=True)
        sys.exit(1)


@main.command("expire")
@click.option(
    "--before", callback=hour_option,
    help="First hour to keep, such as 2026-01-06T05, UTC. [default: MUSICFLOW_RETENTION_DAYS ago]",
)  # fmt: skip
@EVENT
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
@LAKE
@HOME
def expire_hours(
    before: datetime | None,
    names: tuple[str, ...],
    *,
    as_json: bool,
    **options: str | datetime | None,
) -> None:
    """Delete old hours of the lake, their rejects, and manifests of which nothing is left.

    Late events of these hours are rejected from then on. The warehouse keeps what it has.
    """
    configure_logs()
    try:
        settings = LandingSettings.read(**options)
        first_kept = cutoff(datetime.now(UTC), settings.retention_days, before)
        done = expire(settings.lake, _events(names), first_kept)
        if as_json:
            click.echo(
                json.dumps([asdict(each) | {"before": hour_key(each.before)} for each in done])
            )
    except MusicFlowError as error:
        click.echo(f"expire: {error}", err=True)
        sys.exit(1)


@main.command("package")
@click.argument("target")
@click.option("--no-jars", is_flag=True, help="Leave Kafka's jars out: the cluster has its own.")
@HOME
def package(target: str, *, no_jars: bool, **options: str | datetime | None) -> None:
    """Put what spark-submit and Dataproc need into TARGET, a folder or a bucket (gs://…)."""
    configure_logs()
    try:
        settings = LandingSettings.read(**options)
        put_package(target, [] if no_jars else jars(SPARK_KAFKA, settings.cache, java_home()))
    except MusicFlowError as error:
        click.echo(f"package: {error}", err=True)
        sys.exit(1)


@main.command("java-home")
@HOME
def print_java_home(**options: str | datetime | None) -> None:
    """Print the JAVA_HOME that Spark is started with, for others who start one."""
    try:
        settings = LandingSettings.read(**options)
        click.echo(spark_java_home(java_home(), settings.cache))
    except MusicFlowError as error:
        click.echo(f"java-home: {error}", err=True)
        sys.exit(1)


main.add_command(batch)
main.add_command(erase)
main.add_command(migrate)
main.add_command(recount)

if __name__ == "__main__":
    main()
