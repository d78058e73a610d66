"""A real Spark for tests: one session for the whole run, for whoever needs one."""

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from streaming.session import spark_session
from streaming.settings import BrokerSettings, LandingSettings


@pytest.fixture(scope="session")
def spark(
    tmp_path_factory: pytest.TempPathFactory, broker_settings: BrokerSettings
) -> Iterator[SparkSession]:
    """The session; it reads no buckets, which only checkpoints need."""
    home = tmp_path_factory.mktemp("spark")
    settings = LandingSettings.read(
        home=home, cache_folder=broker_settings.cache, master="local[2]"
    )
    with spark_session(settings) as session:
        yield session
