"""A small simulated world, and what it wrote."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from eventsim.catalog import Catalog, built_in_catalog
from eventsim.config import Config, default_config
from eventsim.faults import FaultRates, Faults
from eventsim.ledger import Ledger
from eventsim.progress import Progress
from eventsim.report import Report
from eventsim.run import Run
from eventsim.simulation import Simulation
from eventsim.sinks import FileSink
from eventsim.topics import TOPICS, Topics
from eventsim.world import World

START = 1_704_153_600
"""2024-01-02, a Tuesday."""
DAY = 86_400
NO_FAULTS = FaultRates()


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return built_in_catalog(0.8)


@pytest.fixture(scope="session")
def config() -> Config:
    return default_config()


@pytest.fixture(scope="session")
def simulate(config, catalog, tmp_path_factory):
    """Simulate to files; gives their folder and the report."""

    def run(config=config, *, users=300, seconds=DAY, rates=NO_FAULTS, stops=(), ledger=None):
        folder = tmp_path_factory.mktemp("events")
        world = World.of(config, catalog)
        simulation = Simulation(world, START, START + seconds, users)
        topics = Topics(world, simulation.listeners, START)
        report = Report()
        running = Run(
            simulation, topics, Faults(rates), [FileSink(folder, TOPICS)], report, Progress()
        )
        running.ledger = Ledger(ledger) if ledger else None
        for stop in stops:
            running.stretch(stop)
        running.to_the_end(START + seconds)
        running.close()
        return folder, report

    return run


def read(folder: Path, wanted: Callable[[bytes], bool] = bool) -> dict[str, list[dict]]:
    """All events by topic, of the lines that are wanted."""
    events = defaultdict(list)
    for path in folder.iterdir():
        for line in filter(wanted, path.read_bytes().splitlines()):
            events[path.stem].append(msgspec.json.decode(line))
    return events


@pytest.fixture(scope="session")
def day(faultless):
    """The events of a day, by topic."""
    return read(faultless[0])


@pytest.fixture(scope="session")
def faultless(simulate):
    """Folder and report of a day."""
    return simulate()
