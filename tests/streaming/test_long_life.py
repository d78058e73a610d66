"""What landing keeps for itself does not grow with the batches it has landed."""

import threading
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest
from confluent_kafka import Producer

from contracts.events import LISTEN_EVENTS
from contracts.manifests import ManifestLog
from contracts.store import FolderStore
from streaming.broker import running_broker
from streaming.landing import land
from streaming.settings import BrokerSettings, LandingSettings
from streaming.spark_options import BATCHES_KEPT

from .messages import listen

TOPIC = LISTEN_EVENTS.name
BATCHES = BATCHES_KEPT + 10


@pytest.fixture
def settings(tmp_path, broker_settings):
    broker = BrokerSettings.read(
        home=tmp_path / "broker", cache_folder=broker_settings.cache, port=0, partitions=1
    )
    with running_broker(broker) as (address, _):
        yield LandingSettings.read(
            home=tmp_path / "home",
            cache_folder=broker_settings.cache,
            kafka=address,
            start="2026-01-01",
            trigger="1 second",
            max_offsets_per_trigger=1,
        )


def files_by_folder(folder: Path) -> Counter[str]:
    return Counter(
        path.parent.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.endswith(".crc")
    )


@pytest.mark.integration
def test_after_many_batches_a_few_of_them_are_kept(settings, spark):
    producer = Producer({"bootstrap.servers": settings.kafka})
    for number in range(BATCHES):
        producer.produce(TOPIC, listen(number))
    assert producer.flush(60) == 0
    session = lambda _: nullcontext(spark)  # noqa: E731  short enough

    land(settings, [LISTEN_EVENTS], threading.Event(), once=True, session=session)

    store = FolderStore(Path(settings.lake))
    assert ManifestLog(store, TOPIC).last() == BATCHES
    kept = files_by_folder(Path(settings.checkpoint(TOPIC)))
    assert all(count <= BATCHES_KEPT + 2 for count in kept.values()), kept
    records = files_by_folder(Path(settings.lake))
    assert {name: n for name, n in records.items() if name.startswith("_") and n > 1} == {
        f"_batches/{TOPIC}": BATCHES
    }
    assert not any(store.list("_attempts"))
