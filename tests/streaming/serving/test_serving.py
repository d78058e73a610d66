"""Serving on a real broker, Spark and Postgres: each event is in Postgres once, come what may."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import nullcontext

import pytest
from confluent_kafka import Producer

from contracts.events import MUSIC_EVENTS
from contracts.manifests import ManifestLog
from contracts.store import open_store
from streaming.broker import running_broker
from streaming.landing import land
from streaming.settings import BrokerSettings, LandingSettings

from .actions import check_metrics_are_a_recount, message

pytestmark = pytest.mark.integration

TOPIC = MUSIC_EVENTS.name


class Player:
    """Sends actions, each by a number of its own."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[int] = []
        self._numbers = itertools.count()
        self._producer = Producer({"bootstrap.servers": address})

    def act(self, count: int) -> None:
        self.send([next(self._numbers) for _ in range(count)])

    def send(self, numbers: list[int], *others: bytes) -> None:
        self.sent += numbers
        for value in [*map(message, numbers), *others]:
            self._producer.produce(TOPIC, value)
        assert self._producer.flush(60) == 0

    @property
    def ids(self) -> list[str]:
        return sorted(f"e-{each}" for each in set(self.sent))


@pytest.fixture(scope="module")
def address(tmp_path_factory, broker_settings) -> Iterator[str]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("serving-broker"),
        cache_folder=broker_settings.cache,
        port=0,
        partitions=3,
    )
    with running_broker(settings) as (address, _):
        yield address


@pytest.fixture(scope="module")
def player(address) -> Player:
    return Player(address)


@pytest.fixture
def settings(tmp_path, address, broker_settings, postgres, monkeypatch) -> LandingSettings:
    monkeypatch.setenv("POSTGRES_URL", postgres.url)
    return LandingSettings.read(
        home=tmp_path / "home",
        cache_folder=broker_settings.cache,
        kafka=address,
        start="2026-01-01",
        trigger="1 second",
        serving_trigger="1 second",
    )


@pytest.fixture
def land_once(settings, spark):
    def run(settings: LandingSettings = settings) -> None:
        land(settings, [MUSIC_EVENTS], threading.Event(), once=True,
             session=lambda _: nullcontext(spark))  # fmt: skip

    return run


def check_all_served(postgres, player) -> None:
    with postgres.connect() as connection:
        assert sorted(check_metrics_are_a_recount(connection)["event_id"]) == player.ids


def test_events_are_served_and_rejects_left_to_the_lake(land_once, settings, postgres, player):
    player.act(300)
    player.send([5, 6, 7], b"not json", b"")

    land_once()

    check_all_served(postgres, player)
    with postgres.connect() as connection:
        batches = connection.execute(
            "select sum(events), sum(inserted), sum(rejected) from serving_batches"
        ).fetchone()
    landed = list(ManifestLog(open_store(settings.lake), TOPIC).after(0))
    assert batches == (
        sum(each.accepted for each in landed), 300, sum(each.rejected for each in landed)
    )  # fmt: skip


def test_serving_goes_on_where_it_ended(land_once, postgres, player):
    land_once()
    player.act(20)
    land_once()
    land_once()

    check_all_served(postgres, player)
