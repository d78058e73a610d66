"""Erasing while others write: what they had begun, or end with, does not hold the user."""

from contextlib import suppress

from streaming.attempts import Attempt, note, note_path
from streaming.batch.part import PartTask
from streaming.replay_attempt import ReplayAttempt

from .lake import ANN, BOB, CrashError, csv_of, of


def test_files_of_batches_that_can_no_longer_be_committed_are_removed(lake):
    with suppress(CrashError):
        lake.land(of(ANN, 0), of(BOB, 1), meanwhile=_crash)
    assert lake.names(ANN)

    done = lake.erase()

    assert lake.names(ANN) == []
    assert done.events["listen_events"].unfinished == 2
    lake.commit()
    assert [row["user_id"] for row in lake.rows()] == [BOB]
    assert list(lake.store.list("_attempts")) == []
    lake.check_sums()


def _crash() -> None:
    raise CrashError


def test_a_batch_that_is_committed_but_not_cleaned_keeps_its_files(lake):
    landed = lake.land(of(BOB, 0))
    path = note_path("listen_events", landed.writer, landed.batch, "p0")
    note(lake.store, path, Attempt(0, (landed.files[0].path,)))

    lake.erase()

    assert [row["user_id"] for row in lake.rows()] == [BOB]


def test_a_user_erased_while_a_batch_is_written_is_not_in_it(lake):
    lake.land(of(ANN, 0), of(BOB, 1))

    manifest = lake.land(of(ANN, 2), of(BOB, 3), meanwhile=lake.erase)

    assert (manifest.seq, manifest.suppressions, manifest.suppressed) == (3, 1, 1)
    assert lake.names(ANN) == []
    assert [row["user_id"] for row in lake.rows()] == [BOB, BOB]
    assert list(lake.store.list("_attempts")) == []
    lake.check_sums()


def test_a_user_erased_while_a_file_is_landed_is_not_in_it(lake, monkeypatch):
    land, left = PartTask.land, [lake.erase]

    def land_and_erase(task, chunks, check, elsewhere=None):
        manifest = land(task, chunks, check, elsewhere)
        while left:
            left.pop()()
        return manifest

    monkeypatch.setattr(PartTask, "land", land_and_erase)

    landed = lake.land_file(csv_of([of(ANN, 0), of(BOB, 1)]))

    assert (landed.accepted, landed.rejected) == (1, 0)
    assert lake.names(ANN) == []
    assert list(lake.store.list("_attempts")) == []
    lake.check_sums()


def test_a_user_erased_while_rejects_are_replayed_is_not_in_it(lake, monkeypatch):
    lake.land(of(ANN, 0, level="trial"), of(BOB, 1, level="trial"))
    write, left = ReplayAttempt.write, [lake.erase]

    def write_and_erase(attempt, judge):
        manifest = write(attempt, judge)
        while left:
            left.pop()()
        return manifest

    monkeypatch.setattr(ReplayAttempt, "write", write_and_erase)

    assert lake.replay().landed == 1
    assert lake.names(ANN) == []
    assert [row["user_id"] for row in lake.rows()] == [BOB]
    assert list(lake.store.list("_attempts")) == []
    lake.check_sums()
