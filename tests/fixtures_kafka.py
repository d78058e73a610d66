"""A real Kafka broker for tests: one for the whole run, with a topic for each event."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from streaming.broker import running_broker
from streaming.settings import BrokerSettings

DOWNLOADS = Path(__file__).parents[1] / ".musicflow" / "cache"


@pytest.fixture(scope="session")
def broker_settings(tmp_path_factory: pytest.TempPathFactory) -> BrokerSettings:
    """A work folder of the test run's own; what is downloaded stays for the next run."""
    home = tmp_path_factory.mktemp("broker")
    return BrokerSettings.read(home=home, cache_folder=DOWNLOADS, kafka=None, port=0)


@pytest.fixture(scope="session")
def kafka(broker_settings: BrokerSettings) -> Iterator[str]:
    """Address of a running broker."""
    with running_broker(broker_settings) as (address, _):
        yield address
