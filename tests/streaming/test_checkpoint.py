"""What Spark's checkpoint says is read as Spark means it."""

import pytest

from contracts.errors import ConfigurationError, LakeError
from contracts.store import FolderStore
from streaming.checkpoint import Checkpoint, OffsetRange


@pytest.fixture
def checkpoint(written_checkpoint) -> Checkpoint:
    return Checkpoint(FolderStore(written_checkpoint.folder), "listen_events")


def test_the_first_batch_begins_where_the_query_began(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 5, 1: 0})
    written_checkpoint.plan(0, {0: 9, 1: 2})

    batch = checkpoint.batch(0)

    assert (batch.starts, batch.ends) == ({0: 5, 1: 0}, {0: 9, 1: 2})
    assert batch.at.isoformat() == "2026-01-02T12:30:00+00:00"
    assert checkpoint.writer() == "w"


def test_a_later_batch_begins_where_the_one_before_ended(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(0, {0: 4})
    written_checkpoint.plan(1, {0: 6, 1: 3})

    batch = checkpoint.batch(1)

    assert batch.starts == {0: 4, 1: 0}, "a new partition is read from its beginning"
    assert not batch.is_empty()


def test_partitions_without_new_offsets_are_not_read(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 4, 1: 2, 2: 0})
    written_checkpoint.plan(0, {0: 9, 1: 2, 2: 1})

    assert checkpoint.batch(0).ranges("listen_events") == [
        OffsetRange("listen_events", 0, 4, 9),
        OffsetRange("listen_events", 2, 0, 1),
    ]


def test_a_batch_without_offsets_is_empty(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 4})
    written_checkpoint.plan(0, {0: 4})

    assert checkpoint.batch(0).is_empty()


def test_what_is_done_and_what_is_planned_are_told_apart(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(9, {0: 4})
    written_checkpoint.commit(9)
    written_checkpoint.plan(10, {0: 6})

    assert checkpoint.committed_ends() == {0: 4}
    assert checkpoint.planned_ends() == {0: 6}


def test_a_batch_that_was_never_planned_is_an_error(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 0})

    with pytest.raises(LakeError, match="offsets/3"):
        checkpoint.batch(3)


def test_a_garbled_record_is_an_error_that_names_it(written_checkpoint, checkpoint):
    written_checkpoint.folder.mkdir()
    (written_checkpoint.folder / "metadata").write_text("{")

    with pytest.raises(LakeError, match="metadata"):
        checkpoint.writer()


def test_a_checkpoint_stays_with_its_lake(written_checkpoint, checkpoint):
    checkpoint.bind("this", "lake")
    checkpoint.bind("this", "lake")

    with pytest.raises(ConfigurationError, match="belongs to another lake"):
        checkpoint.bind("other", "lake")


def test_a_used_checkpoint_of_an_unknown_lake_is_refused(written_checkpoint, checkpoint):
    written_checkpoint.begin("w", {0: 0})

    with pytest.raises(ConfigurationError, match="does not say which lake"):
        checkpoint.bind("this", "lake")


@pytest.mark.parametrize("left", ["", "v1", "v1\n{}"])
def test_a_plan_that_was_cut_short_is_an_error_that_says_what_to_do(
    written_checkpoint, checkpoint, left
):
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(0, {0: 4})
    (written_checkpoint.folder / "offsets/0").write_text(left)

    with pytest.raises(LakeError, match="offsets/0 is cut short: remove the checkpoint"):
        checkpoint.batch(0)
