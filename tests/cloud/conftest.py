"""What the tests of the cloud share: a topic to land, and a landing job's settings."""

from collections.abc import Iterator

import pytest

from streaming.broker import running_broker
from streaming.settings import BrokerSettings, LandingSettings
from tests.streaming.landed import START, Topic

POISON = [b"not json", b'{"ts":"noon"}', b"x" * 400_000]


@pytest.fixture(scope="module")
def topic(tmp_path_factory, broker_settings) -> Iterator[Topic]:
    settings = BrokerSettings.read(
        home=tmp_path_factory.mktemp("buckets-broker"),
        cache_folder=broker_settings.cache,
        port=0,
        partitions=3,
    )
    with running_broker(settings) as (address, _):
        topic = Topic(address)
        topic.send(300, POISON)
        yield topic


@pytest.fixture
def settings_of(tmp_path, topic, broker_settings):
    """Settings of a landing job into a lake."""

    def settings(lake: str, home: str = "home", **others: str) -> LandingSettings:
        return LandingSettings.read(
            home=tmp_path / home,
            cache_folder=broker_settings.cache,
            kafka=topic.address,
            start=START,
            trigger="1 second",
            lake_folder=lake,
            **others,
        )

    return settings
