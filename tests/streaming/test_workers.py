"""What a worker could not do reaches the driver as what it was; Spark does not try it again."""

import pytest

from contracts.errors import LakeError, MusicFlowError, UnavailableError
from streaming import workers
from streaming.checkpoint import OffsetRange
from streaming.reading import KafkaAccess
from streaming.task import TaskFacts

ACCESS = KafkaAccess("broker:9092", 1.0, {})
RANGES = [OffsetRange("listen_events", each, 0, 9) for each in range(3)]


class HereAndNow:
    """Stands for Spark: a list is mapped in this process."""

    def parallelize(self, items, slices):
        assert slices == len(items)
        self._items = items
        return self

    def map(self, function):
        self._items = [function(each) for each in self._items]
        return self

    def collect(self):
        return self._items


def test_each_range_is_a_task(monkeypatch):
    def read_all(_task, wanted, _chunks, _attempt):
        return TaskFacts(wanted.partition, wanted.start, wanted.end)

    monkeypatch.setattr(workers, "land_partition", read_all)

    facts = workers.land_on_workers(HereAndNow(), ACCESS, None, RANGES)

    assert [(each.partition, each.start, each.end) for each in facts] == [
        (0, 0, 9),
        (1, 0, 9),
        (2, 0, 9),
    ]


@pytest.mark.parametrize(
    "error", [UnavailableError("the disk is full: make room"), LakeError("offsets are gone")]
)
def test_an_error_of_ours_is_raised_at_the_driver_with_its_words(monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(workers, "land_partition", fail)

    with pytest.raises(MusicFlowError) as told:
        workers.land_on_workers(HereAndNow(), ACCESS, None, RANGES)
    assert (type(told.value), str(told.value)) == (type(error), str(error))


def test_another_error_is_left_to_spark(monkeypatch):
    def fail(*_):
        raise KeyError("x")

    monkeypatch.setattr(workers, "land_partition", fail)

    with pytest.raises(KeyError):
        workers.land_on_workers(HereAndNow(), ACCESS, None, RANGES)
