"""`python -m eventsim`: simulate; `python -m eventsim replay FOLDER`: publish event files."""

import os
import sys
from datetime import UTC, datetime

from contracts.errors import MusicFlowError
from contracts.logs import configure_logs
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.event_files import topic_files
from eventsim.faults import Faults
from eventsim.history import HOUR_MS, iso
from eventsim.kafka import KafkaPublisher, KafkaSink
from eventsim.ledger import Ledger
from eventsim.options import ReplaySettings, Settings, replay_settings, simulation_settings
from eventsim.progress import Progress
from eventsim.replay import replay
from eventsim.report import Report
from eventsim.run import Run
from eventsim.similar import read_similar
from eventsim.simulation import Simulation
from eventsim.sinks import FileSink, Sink
from eventsim.state import fingerprint, load
from eventsim.topics import CLASSIC_TOPICS, TOPICS, Topics
from eventsim.world import World

INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Do what the command line says; returns the exit code."""
    configure_logs()
    try:
        if arguments[:1] == ["replay"]:
            _replay(replay_settings(arguments[1:], os.environ))
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
    config = settings.config
    songs = settings.songs
    catalog = read_catalog(songs) if songs else built_in_catalog(config.musicflow.zipf_exponent)
    pairs = settings.similar_songs
    similar = read_similar(pairs, catalog.songs) if pairs else None
    world, report = World.of(config, catalog, similar), Report()
    simulation = Simulation(world, settings.start, settings.end, settings.users)
    faults = Faults(settings.faults)
    belongs_to = fingerprint(world, settings.faults, settings.users)
    if settings.state and settings.state.exists():
        load(settings.state, simulation, faults, belongs_to)
    sinks = _sinks(settings)
    progress = Progress()
    topics = Topics(world, simulation.listeners, simulation.now, settings.end)
    run = Run(simulation, topics, faults, sinks, report, progress)
    run.ledger = Ledger(settings.ledger) if settings.ledger else None
    run.state, run.belongs_to = settings.state, belongs_to
    with progress:
        if settings.continuous or settings.end is None:
            run.with_the_clock(settings.end)
        else:
            run.to_the_end(settings.end)
        run.close()
    run.tell()
    for sink in sinks:
        report.refuse(sink.refused)
    report.history_start = iso(settings.start * 1000 // HOUR_MS * HOUR_MS)
    if settings.report:
        report.write(settings.report)


def _sinks(settings: Settings) -> list[Sink]:
    names = TOPICS if settings.config.musicflow.player else CLASSIC_TOPICS
    resumed = settings.state is not None and settings.state.exists()
    sinks: list[Sink] = []
    if settings.kafka:
        sinks.append(KafkaSink(KafkaPublisher(settings.kafka, names, settings.partitions)))
    if settings.output:
        sinks.append(FileSink(settings.output, names, settings.compression, append=resumed))
    return sinks


def _replay(settings: ReplaySettings) -> None:
    files = topic_files(settings.folder)
    publisher = None
    if settings.kafka:
        publisher = KafkaPublisher(settings.kafka, files, settings.partitions)
    with Progress() as progress:
        report = replay(files, publisher, datetime.now(UTC), progress)
    if settings.report:
        report.write(settings.report)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
