"""Kafka may be away for a while; for too long is an error, and a short absence is said once."""

from types import SimpleNamespace

import pytest

from contracts.errors import LakeError, UnavailableError
from streaming.kafka import Held
from streaming.sampler import Sampler
from streaming.settings import LandingSettings


class Told:
    """What a query's progress was told."""

    def __init__(self) -> None:
        self.samples = []
        self.event = SimpleNamespace(name="listen_events")
        self.progress = SimpleNamespace(sampled=self.samples.append)


@pytest.fixture
def sampler_of():
    """Makes a sampler of a cluster that gives these answers, the last one for ever."""

    def make(*answers, patience=1000):
        remaining = list(answers)

        def held(_):
            answer = remaining.pop(0) if len(remaining) > 1 else remaining[0]
            if isinstance(answer, Exception):
                raise answer
            return {"listen_events": answer}

        told = Told()
        settings = LandingSettings.read(kafka_patience_seconds=patience)
        sampler = Sampler(
            SimpleNamespace(held=held, partitions=dict), {"listen_events": 1}, [told], settings
        )
        sampler._seconds = 0.001
        return sampler, told

    return make


def run_until(sampler, told, samples: int) -> None:
    """Runs in this thread; it stops once so many samples were told."""
    told.progress.sampled = lambda each: (
        told.samples.append(each),
        len(told.samples) >= samples and sampler._stopping.set(),
    )
    sampler._run()


def test_an_absence_is_waited_out(sampler_of):
    away = UnavailableError("no Kafka broker answers")
    sampler, told = sampler_of({0: Held(0, 1)}, away, away, {0: Held(0, 2)})

    run_until(sampler, told, samples=2)

    assert sampler.failure is None
    assert [each.held[0].end for each in told.samples] == [1, 2]
    assert told.samples[0].at < told.samples[1].at


def test_too_long_an_absence_is_an_error(sampler_of):
    away = UnavailableError("no Kafka broker answers")
    sampler, told = sampler_of(away)
    sampler._patience = 0

    sampler._run()

    assert sampler.failure is away
    assert told.samples == []


def test_an_error_that_waiting_will_not_mend_ends_it(sampler_of):
    sampler, _ = sampler_of(LakeError("the lake is broken"))

    sampler._run()

    assert str(sampler.failure) == "the lake is broken"


def test_it_stops_when_told(sampler_of):
    sampler, _ = sampler_of({0: Held(0, 1)})
    sampler.start()

    sampler.stop()

    assert not sampler._thread.is_alive()


def test_a_partition_that_was_added_is_asked_for_too():
    asked = []
    told = Told()

    def held(partitions):
        asked.append(partitions)
        return {topic: {0: Held(0, 0)} for topic in partitions}

    cluster = SimpleNamespace(held=held, partitions=lambda: {"listen_events": 3, "others": 9})
    sampler = Sampler(cluster, {"listen_events": 1}, [told], LandingSettings.read())
    sampler._seconds = 0.001
    run_until(sampler, told, samples=1)

    assert asked == [{"listen_events": 3}]
