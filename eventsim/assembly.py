"""A simulation put together from its settings, and run: all topics, or a worker's share of them."""

import gc
from dataclasses import dataclass

from contracts.events import MUSIC_EVENTS
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.columns import Columns
from eventsim.csv_files import CsvSink
from eventsim.faults import Faults
from eventsim.history import HOUR_MS, iso
from eventsim.ledger import Ledger
from eventsim.options import Settings
from eventsim.parquet import ParquetSink
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.run import Run
from eventsim.similar import read_similar
from eventsim.simulation import Simulation
from eventsim.sinks import FileSink, Sink
from eventsim.state import Told, cut_back, fingerprint, load
from eventsim.tables import CHUNK
from eventsim.topics import CLASSIC_TOPICS, TOPICS, Topics
from eventsim.world import World


def topics_of(settings: Settings) -> tuple[str, ...]:
    """The topics that a simulation has."""
    return TOPICS if settings.config.musicflow.player else CLASSIC_TOPICS


@dataclass(frozen=True, slots=True)
class Stage:
    """A simulation that is ready to begin, or to go on from its state; nothing is written yet."""

    settings: Settings
    world: World
    simulation: Simulation
    faults: Faults
    topics: Topics
    belongs_to: str
    """The simulation's fingerprint, for its state."""
    told: Told
    """What earlier runs have written."""


def set_up(settings: Settings) -> Stage:
    """Prepare all that a simulation needs, whatever it will write.

    Raises:
        ConfigurationError: A file is wrong, or the configuration contradicts itself.
        UnavailableError: Files of an earlier run cannot be gone on with.
    """
    world = _world(settings)
    simulation = Simulation(world, settings.start, settings.end, settings.users)
    faults = Faults(settings.faults)
    belongs_to = fingerprint(
        world, settings.faults, settings.users, simulation.stride, ledger=bool(settings.ledger)
    )
    told = Told(Report(history_start=iso(settings.start * 1000 // HOUR_MS * HOUR_MS)))
    if settings.state and settings.state.exists():
        told = load(settings.state, simulation, faults, belongs_to)
        if settings.output:
            cut_back(settings.output, told.files)
    topics = Topics(world, simulation.listeners, simulation.now, settings.end)
    return Stage(settings, world, simulation, faults, topics, belongs_to, told)


def simulated(stage: Stage, topics: tuple[str, ...], progress: Progress) -> Report:
    """Simulate all listeners and write these topics; what was sent.

    Raises:
        UnavailableError: Not all could be written.
    """
    run = _run(stage, topics, progress)
    gc.freeze()  # what has been set up stays; the collector need not look at it again and again
    settings = stage.settings
    if settings.continuous or settings.end is None:
        run.with_the_clock(settings.end)
    else:
        run.to_the_end(settings.end)
    run.close()
    for sink in run.sinks:
        run.report.refuse(sink.refused)
    return run.report


def _run(stage: Stage, names: tuple[str, ...], progress: Progress) -> Run:
    settings, told = stage.settings, stage.told
    stage.simulation.tells_actions = MUSIC_EVENTS.name in names
    ledger = Ledger(settings.ledger, told.ledger) if settings.ledger else None
    sinks = [*_published(settings, names), *_filed(settings, names, stage.topics, stage.world)]
    run = Run(stage.simulation, stage.topics, stage.faults, sinks, told.report, progress)
    if settings.format != "ndjson" and not settings.kafka:
        run.chunk = CHUNK
    run.names, run.output = names, settings.output
    run.ledger = ledger
    run.state, run.belongs_to = settings.state, stage.belongs_to
    return run


def _world(settings: Settings) -> World:
    config, songs, pairs = settings.config, settings.songs, settings.similar_songs
    catalog = read_catalog(songs) if songs else built_in_catalog(config.musicflow.zipf_exponent)
    return World.of(config, catalog, read_similar(pairs, catalog.songs) if pairs else None)


def _published(settings: Settings, names: tuple[str, ...]) -> list[Sink]:
    if not (settings.kafka and names):
        return []
    from eventsim.kafka import KafkaPublisher, KafkaSink  # noqa: PLC0415 - a fifth of a second

    return [KafkaSink(KafkaPublisher(settings.kafka, names, settings.partitions))]


def _filed(settings: Settings, names: tuple[str, ...], topics: Topics, world: World) -> list[Sink]:
    folder, compression = settings.output, settings.compression
    if folder is None or not names:
        return []
    if settings.format != "ndjson":
        nothing = [topics.nothing(name) for name in names]
        sink = CsvSink if settings.format == "csv" else ParquetSink
        return [sink(folder, nothing, Columns(world), compression)]
    resumed = settings.state is not None and settings.state.exists()
    live = settings.continuous or settings.end is None or settings.state is not None
    return [FileSink(folder, names, compression, live=live, append=resumed)]
