"""`python -m eventsim`: simulate. `… replay FOLDER`: publish files; `… songs FILE`: list songs."""

import os
import sys
from datetime import UTC, datetime

from contracts.errors import MusicFlowError
from contracts.logs import configure_logs, log
from eventsim.catalog import built_in_catalog, write_songs
from eventsim.event_files import topic_files
from eventsim.manual import songs_parser
from eventsim.memory import keep_freed_memory
from eventsim.options import ReplaySettings, Settings, replay_settings, simulation_settings
from eventsim.progress import Progress
from eventsim.workers import simulated_by_all

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit code."""
    configure_logs()
    try:
        if arguments[:1] == ["replay"]:
            _replay(replay_settings(arguments[1:], os.environ))
        elif arguments[:1] == ["songs"]:
            _write_songs(arguments[1:])
        else:
            _simulate(simulation_settings(arguments, os.environ, datetime.now(UTC)))
    except MusicFlowError as error:
        print(f"eventsim: {error}", file=sys.stderr)  # noqa: T201 - the command's one line
        return 1
    except KeyboardInterrupt:
        print("eventsim: stopped before the end", file=sys.stderr)  # noqa: T201 - as above
        return INTERRUPTED
    return 0


def _simulate(settings: Settings) -> None:
    keep_freed_memory()
    report = simulated_by_all(settings)
    log.info(
        "simulated",
        until=report.last_event,
        **{topic: counts.messages for topic, counts in report.topics.items()},
    )
    if settings.report:
        report.write(settings.report)


def _replay(settings: ReplaySettings) -> None:
    # Simulations need not wait for Kafka's libraries, which take a fifth of a second.
    from eventsim.kafka import KafkaPublisher  # noqa: PLC0415
    from eventsim.replay import replay  # noqa: PLC0415

    files = topic_files(settings.folder)
    publisher = None
    if settings.kafka:
        publisher = KafkaPublisher(settings.kafka, files, settings.partitions)
    with Progress() as progress:
        report = replay(files, publisher, datetime.now(UTC), progress)
    if settings.report:
        report.write(settings.report)


def _write_songs(arguments: list[str]) -> None:
    options = songs_parser().parse_args(arguments)
    write_songs(built_in_catalog(options.zipf_exponent).songs, options.file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
