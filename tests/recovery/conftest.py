"""One platform for all rehearsals: six hours that landed, were served and were built."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from local.postgres import make_database
from streaming.broker import running_broker
from streaming.settings import BrokerSettings
from tests.fixtures_kafka import DOWNLOADS
from tests.recovery.world import World, ends, raw_tables, readers_tables

START = datetime(2026, 1, 6, tzinfo=UTC)
MIDDLE = START + timedelta(hours=3)
END = START + timedelta(hours=6)


@dataclass(frozen=True)
class Landed:
    """The world as it was before anything was lost."""

    world: World
    kept: Path
    middle: dict[tuple[str, int], int]
    """Offsets in Kafka at which the hours from MIDDLE on begin."""
    readers: dict[str, list[tuple]]
    raw: dict[str, list[tuple]]
    postgres: str

    def metrics(self) -> dict[str, list[tuple]]:
        """What Postgres serves now, without the numbers that it gives its rows."""
        with psycopg.connect(self.postgres) as connection:
            return {
                name: sorted(row[1:] for row in connection.execute(f"select * from {name}"))
                for name in ("minute_metrics", "daily_metrics")
            }


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory, postgres_server: str) -> Iterator[Landed]:
    """The platform, on a broker of its own."""
    folder = tmp_path_factory.mktemp("recovery")
    broker = BrokerSettings.read(home=folder, cache_folder=DOWNLOADS, kafka=None, port=0)
    with running_broker(broker) as (kafka, _):
        make_database(postgres_server, "recovery")
        postgres = postgres_server.replace("/musicflow?", "/recovery?")
        world = World(folder / "home", kafka, DOWNLOADS, START, {"POSTGRES_URL": postgres})
        world.listeners(START, MIDDLE, seed=1)
        middle = ends(kafka)
        world.listeners(MIDDLE, END, seed=2)
        world.do("streaming", "--once")
        world.do("musicflow_dagster", "build")
        world.keep(folder / "kept")
        yield Landed(
            world, folder / "kept", middle, readers_tables(world), raw_tables(world), postgres
        )


@pytest.fixture
def world(landed: Landed) -> World:
    """The platform with nothing lost, but for what Kafka lost in an earlier rehearsal."""
    landed.world.restore(landed.kept)
    landed.world.variables.pop("POSTGRES_URL", None)
    return landed.world
