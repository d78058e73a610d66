"""A simulation put together from its settings, and run: all topics, or a worker's share of them."""

from contracts.events import MUSIC_EVENTS
from eventsim.catalog import built_in_catalog, read_catalog
from eventsim.faults import Faults
from eventsim.history import HOUR_MS, iso
from eventsim.kafka import KafkaPublisher, KafkaSink
from eventsim.ledger import Ledger
from eventsim.options import Settings
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.run import Run
from eventsim.similar import read_similar
from eventsim.simulation import Simulation
from eventsim.sinks import FileSink, Sink
from eventsim.state import Told, cut_back, fingerprint, load
from eventsim.topics import CLASSIC_TOPICS, TOPICS, Topics
from eventsim.world import World


def topics_of(settings: Settings) -> tuple[str, ...]:
    """The topics that a simulation has."""
    return TOPICS if settings.config.musicflow.player else CLASSIC_TOPICS


def simulated(settings: Settings, topics: tuple[str, ...], progress: Progress) -> Report:
    """Simulate all listeners and write these topics; what was sent.

    Raises:
        ConfigurationError: A file is wrong, or the configuration contradicts itself.
        UnavailableError: Not all could be written.
    """
    run = _put_together(settings, topics, progress)
    if settings.continuous or settings.end is None:
        run.with_the_clock(settings.end)
    else:
        run.to_the_end(settings.end)
    run.close()
    for sink in run.sinks:
        run.report.refuse(sink.refused)
    return run.report


def _put_together(settings: Settings, names: tuple[str, ...], progress: Progress) -> Run:
    world = _world(settings)
    simulation = Simulation(world, settings.start, settings.end, settings.users)
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
    run = Run(simulation, topics, faults, _sinks(settings, names), told.report, progress)
    run.names, run.output = names, settings.output
    run.ledger = ledger
    run.state, run.belongs_to = settings.state, belongs_to
    return run


def _world(settings: Settings) -> World:
    config, songs, pairs = settings.config, settings.songs, settings.similar_songs
    catalog = read_catalog(songs) if songs else built_in_catalog(config.musicflow.zipf_exponent)
    return World.of(config, catalog, read_similar(pairs, catalog.songs) if pairs else None)


def _sinks(settings: Settings, names: tuple[str, ...]) -> list[Sink]:
    resumed = settings.state is not None and settings.state.exists()
    sinks: list[Sink] = []
    if settings.kafka:
        sinks.append(KafkaSink(KafkaPublisher(settings.kafka, names, settings.partitions)))
    if settings.output:
        live = settings.continuous or settings.end is None or settings.state is not None
        sinks.append(
            FileSink(settings.output, names, settings.compression, live=live, append=resumed)
        )
    return sinks
