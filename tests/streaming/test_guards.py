"""Lake, checkpoint and Kafka must fit together before anything starts."""

import pytest

from contracts.errors import ConfigurationError, ConflictError, LakeError
from contracts.gaps import Hole
from contracts.store import FolderStore
from streaming import lake_record, topic_record
from streaming.checkpoint import Checkpoint
from streaming.guards import (
    check_checkpoint,
    check_no_holes,
    holes,
    reached,
    starting_offsets,
)
from streaming.kafka import Held


def test_an_empty_lake_is_filled_from_the_beginning():
    assert starting_offsets("t", {}, {0: Held(3, 9)}) == "earliest"


@pytest.mark.parametrize(
    ("held", "is_same", "hole", "told"),
    [
        pytest.param({}, True, Hole("t", 0, 7, None, "gone"), "partition 0 is gone", id="gone"),
        pytest.param(
            {0: Held(0, 6)},
            True,
            Hole("t", 0, 7, 0, "reset"),
            "begins anew at offset 0",
            id="created anew",
        ),
        pytest.param(
            {0: Held(0, 20)},
            False,
            Hole("t", 0, 7, 0, "reset"),
            "begins anew at offset 0",
            id="created anew and grown since",
        ),
        pytest.param(
            {0: Held(9, 20)},
            True,
            Hole("t", 0, 7, 9, "deleted"),
            "partition 0: offsets 7 to 8 were deleted",
            id="expired",
        ),
    ],
)
def test_offsets_that_kafka_lost_are_named(held, is_same, hole, told):
    found = list(holes("t", {0: 7}, held, is_same_topic=is_same))

    assert found == [hole]
    with pytest.raises(LakeError, match=f"{told}.*accept-gap --event t"):
        check_no_holes("t", found)


def test_of_many_holes_the_error_names_a_few():
    found = list(holes("t", dict.fromkeys(range(9), 7), {}, is_same_topic=True))

    with pytest.raises(LakeError, match=r"partition 2 is gone.*; and 6 partitions more"):
        check_no_holes("t", found)


@pytest.mark.parametrize("held", [Held(0, 7), Held(7, 7), Held(7, 12), Held(2, 9)])
def test_offsets_that_kafka_holds_are_fine(held):
    check_no_holes("t", list(holes("t", {0: 7}, {0: held, 1: Held(0, 4)}, is_same_topic=True)))


@pytest.fixture
def used(written_checkpoint) -> Checkpoint:
    """A checkpoint that did its batch 0, up to offset 4, and planned batch 1, up to 6."""
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(0, {0: 4})
    written_checkpoint.commit(0)
    written_checkpoint.plan(1, {0: 6})
    return Checkpoint(FolderStore(written_checkpoint.folder), "listen_events")


@pytest.mark.parametrize(
    "ends",
    [
        pytest.param({0: 4}, id="the last batch was committed"),
        pytest.param({0: 6}, id="killed between manifest and Spark's own record"),
    ],
)
def test_a_checkpoint_may_go_on_where_the_lake_ends(used, ends):
    check_checkpoint("listen_events", used, ends)


@pytest.mark.parametrize(
    ("ends", "error", "problem"),
    [
        pytest.param({}, ConfigurationError, "ahead of the lake", id="no manifests"),
        pytest.param({0: 2}, ConfigurationError, "ahead of the lake", id="manifests missing"),
        pytest.param({0: 9}, ConflictError, "taken its place", id="another went on"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(used, ends, error, problem):
    with pytest.raises(error, match=problem):
        check_checkpoint("listen_events", used, ends)


def test_a_checkpoint_whose_first_batch_was_killed_may_go_on(written_checkpoint):
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(0, {0: 4})

    checkpoint = Checkpoint(FolderStore(written_checkpoint.folder), "listen_events")

    check_checkpoint("listen_events", checkpoint, {})


def test_what_expires_before_its_first_batch_is_landed_is_missed_too(written_checkpoint):
    written_checkpoint.begin("w", {0: 3, 1: 0})
    written_checkpoint.plan(0, {0: 9, 1: 0})
    checkpoint = Checkpoint(FolderStore(written_checkpoint.folder), "listen_events")
    held = {0: Held(5, 20), 1: Held(0, 4)}

    found = list(holes("t", reached({}, checkpoint), held, is_same_topic=True))

    assert found == [Hole("t", 0, 3, 5, "deleted")]


def test_where_something_has_landed_the_lake_says_how_far(used):
    assert reached({0: 4}, used) == {0: 4}
    assert reached({0: 9}, used) == {0: 9}


def test_a_new_checkpoint_that_knows_more_partitions_than_the_lake_may_go_on(written_checkpoint):
    written_checkpoint.begin("w", {0: 4, 1: 0})

    checkpoint = Checkpoint(FolderStore(written_checkpoint.folder), "listen_events")

    check_checkpoint("listen_events", checkpoint, {0: 4})


def test_a_topic_created_anew_is_known_by_its_id(store):
    assert topic_record.is_same_topic(store, "t", "a")
    topic_record.keep(store, "t", "a")

    assert topic_record.is_same_topic(store, "t", "a")
    assert not topic_record.is_same_topic(store, "t", "b")
    assert topic_record.is_same_topic(store, "t", None), "an old broker tells no ids"


def test_a_garbled_topic_record_is_an_error(store):
    store.put("_topics/t.json", b"{}")

    with pytest.raises(LakeError, match="_topics"):
        topic_record.is_same_topic(store, "t", "a")


def test_a_lake_keeps_its_identity(store):
    assert lake_record.claim(store) == lake_record.claim(store)


def test_a_storage_that_lets_two_writers_win_is_refused(tmp_path):
    class Lax(FolderStore):
        def put_if_absent(self, path, data):
            self.put(path, data)
            return True

    with pytest.raises(ConfigurationError, match="two writers"):
        lake_record.claim(Lax(tmp_path))


def test_a_lake_with_a_newer_layout_is_refused(store):
    store.put("_lake.json", b'{"lake_id":"x","layout":99}')

    with pytest.raises(ConfigurationError, match="layout 99"):
        lake_record.claim(store)


def test_a_garbled_lake_record_is_an_error(store):
    store.put("_lake.json", b"{}")

    with pytest.raises(LakeError, match="_lake"):
        lake_record.claim(store)
