"""The landing command: `python -m streaming`."""

import logging
import signal
import sys
import threading
from datetime import datetime

import click

from contracts.errors import MusicFlowError
from contracts.events import EVENTS, EVENTS_BY_NAME
from contracts.logs import configure_logs
from streaming.landing import land
from streaming.settings import LandingSettings


@click.command()
@click.option("--once", is_flag=True, help="Land what Kafka holds now, then stop.")
@click.option("--trigger", help="Time from batch to batch. [default: 120 seconds]")
@click.option(
    "--topic", "topics", multiple=True, type=click.Choice(list(EVENTS_BY_NAME)),
    help="Land this topic only; may be repeated.",
)  # fmt: skip
@click.option("--kafka", help="Address of the cluster. [default: the local broker's]")
@click.option("--lake", "lake_folder", help="The lake. [default: <home>/lake]")
@click.option("--checkpoints", "checkpoints_folder", help="[default: <home>/checkpoints]")
@click.option("--home", type=click.Path(), help="Work folder. [default: .musicflow]")
@click.option("--start", type=click.DateTime(), help="Oldest accepted event, UTC.")
@click.option("--master", help="Spark master. [default: local[*,2]]")
def main(
    *,
    once: bool,
    topics: tuple[str, ...],
    **options: str | datetime | None,
) -> None:
    """Land Kafka's messages in the lake until SIGTERM or Ctrl-C.

    What the options don't say the environment does (MUSICFLOW_…, KAFKA_BOOTSTRAP_SERVERS). The
    batch in hand is finished before the command ends.
    """
    configure_logs()
    # Spark's side of a failed batch; ours is told in one line.
    logging.getLogger("py4j").addHandler(logging.NullHandler())
    logging.getLogger("py4j").propagate = False
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    try:
        settings = LandingSettings.read(**options)
        events = [EVENTS_BY_NAME[name] for name in dict.fromkeys(topics)] or list(EVENTS)
        land(settings, events, stop, once=once)
    except MusicFlowError as error:
        click.echo(f"landing: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
