"""A simulation put together from its settings, and run: all topics, or a worker's share of them."""

import gc

from contracts.events import MUSIC_EVENTS
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.columns import Columns
from eventsim.faults import Faults
from eventsim.history import HOUR_MS, iso
from eventsim.kafka import KafkaPublisher, KafkaSink
from eventsim.ledger import Ledger
from eventsim.options import Settings
from eventsim.parquet import CHUNK, ParquetSink
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.run import Run
from eventsim.similar import read_similar
from eventsim.simulation import Simulation, Via, itself
from eventsim.sinks import FileSink, Sink
from eventsim.state import Told, cut_back, fingerprint, load
from eventsim.topics import CLASSIC_TOPICS, TOPICS, Topics
from eventsim.world import World


def topics_of(settings: Settings) -> tuple[str, ...]:
    """The topics that a simulation has."""
    return TOPICS if settings.config.musicflow.player else CLASSIC_TOPICS


def simulated(
    settings: Settings, topics: tuple[str, ...], progress: Progress, via: Via = itself
) -> Report:
    """Simulate all listeners `via` some walk and write these topics; what was sent.

    Raises:
        ConfigurationError: A file is wrong, or the configuration contradicts itself.
        UnavailableError: Not all could be written.
    """
    run = _put_together(settings, topics, progress, via)
    gc.freeze()  # what has been set up stays; the collector need not look at it again and again
    if settings.continuous or settings.end is None:
        run.with_the_clock(settings.end)
    else:
        run.to_the_end(settings.end)
    run.close()
    for sink in run.sinks:
        run.report.refuse(sink.refused)
    return run.report


def _put_together(settings: Settings, names: tuple[str, ...], progress: Progress, via: Via) -> Run:
    world = _world(settings)
    simulation = Simulation(world, settings.start, settings.end, settings.users, via)
    simulation.tells_actions = MUSIC_EVENTS.name in names
    faults = Faults(settings.faults)
    belongs_to = fingerprint(
        world, settings.faults, settings.users, simulation.stride, ledger=bool(settings.ledger)
    )
    told = Told(Report(history_start=iso(settings.start * 1000 // HOUR_MS * HOUR_MS)))
    if settings.state and settings.state.exists():
        told = load(settings.state, simulation, faults, belongs_to)
        if settings.output:
            cut_back(settings.output, told.files)
    ledger = Ledger(settings.ledger, told.ledger) if settings.ledger else None
    topics = Topics(world, simulation.listeners, simulation.now, settings.end)
    sinks = [*_published(settings, names), *_filed(settings, names, topics, world)]
    run = Run(simulation, topics, faults, sinks, told.report, progress)
    if settings.format == "parquet" and not settings.kafka:
        run.chunk = CHUNK
    run.names, run.output = names, settings.output
    run.ledger = ledger
    run.state, run.belongs_to = settings.state, belongs_to
    return run


def _world(settings: Settings) -> World:
    config, songs, pairs = settings.config, settings.songs, settings.similar_songs
    catalog = read_catalog(songs) if songs else built_in_catalog(config.musicflow.zipf_exponent)
    return World.of(config, catalog, read_similar(pairs, catalog.songs) if pairs else None)


def _published(settings: Settings, names: tuple[str, ...]) -> list[Sink]:
    if not (settings.kafka and names):
        return []
    return [KafkaSink(KafkaPublisher(settings.kafka, names, settings.partitions))]


def _filed(settings: Settings, names: tuple[str, ...], topics: Topics, world: World) -> list[Sink]:
    folder, compression = settings.output, settings.compression
    if folder is None or not names:
        return []
    if settings.format == "parquet":
        nothing = [topics.nothing(name) for name in names]
        return [ParquetSink(folder, nothing, Columns(world), compression)]
    resumed = settings.state is not None and settings.state.exists()
    live = settings.continuous or settings.end is None or settings.state is not None
    return [FileSink(folder, names, compression, live=live, append=resumed)]
