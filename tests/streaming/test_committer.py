"""Committing: once, whole, in the order of the offsets, whatever was left by earlier attempts."""

from dataclasses import replace

import pytest

from contracts.errors import ConflictError, LakeError
from contracts.events import LISTEN_EVENTS
from contracts.manifests import ManifestLog
from contracts.store import FolderStore
from streaming.accounting import account
from streaming.attempts import clean
from streaming.checkpoint import Checkpoint
from streaming.committer import Committer, Destination
from streaming.progress import Lag
from streaming.stopwatch import Stopwatch
from streaming.tail import LogTail
from streaming.task import PartitionWriter, TaskFacts

from .messages import chunk, land, listen


class CrashError(Exception):
    """Stands for a kill: nothing after it runs."""


@pytest.fixture
def log(store) -> ManifestLog:
    return ManifestLog(store, "listen_events")


@pytest.fixture
def destination(store, log, limits, written_checkpoint) -> Destination:
    return Destination(
        lake=str(store.root),
        event=LISTEN_EVENTS,
        manifests=log,
        checkpoint=Checkpoint(FolderStore(written_checkpoint.folder), "listen_events"),
        limits=limits,
        buffer_bytes=1024 * 1024,
    )


@pytest.fixture
def committer(destination, log, written_checkpoint) -> Committer:
    written_checkpoint.begin("w", {0: 0, 1: 0})
    return Committer(destination, LogTail(log))


def landed(*partitions):
    """Runs the tasks of a batch on partitions given as lists of messages; markers end them."""

    def run_tasks(task, ranges, attempt=0):
        return [
            land(
                task,
                chunk(
                    *partitions[wanted.partition],
                    partition=wanted.partition,
                    first_offset=wanted.start,
                ),
                chunk(first_offset=wanted.end),
                partition=wanted.partition,
                attempt=attempt,
            )
            for wanted in ranges
        ]

    return run_tasks


def never(task, ranges):
    raise AssertionError("nothing should be written")


def then_crash(run_tasks):
    def run(task, ranges):
        run_tasks(task, ranges)
        raise CrashError

    return run


def listed(log) -> set[str]:
    """The data files that stand in the lake."""
    return {path for path in log.store.list("") if not path.startswith("_")}


def committed(log) -> set[str]:
    """The data files that the manifests name."""
    return {file.path for each in log.after(0) for file in (*each.files, *each.rejected_files)}


def test_a_batch_is_counted_by_partition(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 3, 1: 5})

    committer.commit(0, landed([listen(0), b"no", listen(1)], [listen(2)]))

    manifest = log.read(1)
    assert (manifest.kind, manifest.writer, manifest.batch, manifest.seq) == ("stream", "w", 0, 1)
    assert [
        (each.partition, each.start, each.end, each.accepted, each.rejected, each.not_data)
        for each in manifest.offsets
    ] == [(0, 0, 3, 2, 1, 0), (1, 0, 5, 1, 0, 4)]
    assert (manifest.accepted, manifest.rejected) == (3, 1)
    assert manifest.rejected_by_reason == {"unreadable_json": 1}
    assert {each.rows for each in manifest.rejected_files} == {1}


def test_a_manifest_says_how_the_batch_went(destination, log, written_checkpoint):
    written_checkpoint.begin("w", {0: 0})
    written_checkpoint.plan(0, {0: 2})
    asked = []

    def lag_after(ends):
        asked.append(ends)
        return Lag(messages=7, seconds=1.5)

    messages = [listen(0), b"no"]
    Committer(destination, LogTail(log), lag_after).commit(0, landed(messages))

    measured = log.read(1).measures
    assert asked == [{0: 2}]
    assert (measured.lag_messages, measured.lag_seconds) == (7, 1.5)
    assert measured.bytes_in == sum(map(len, messages))
    assert list(measured.seconds) == ["plan", "land"]
    assert set(measured.task_seconds) == {"read", "judge", "write"}
    assert 0 < measured.delay_p50_seconds <= measured.delay_p95_seconds


def test_after_a_commit_the_folders_hold_what_the_manifest_says(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 2, 1: 0})

    committer.commit(0, landed([listen(0), listen(0, hours=1)]))

    assert listed(log) == committed(log)
    assert list(log.store.list("_attempts")) == []


def test_a_batch_without_offsets_leaves_no_manifest(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 0, 1: 0})

    assert committer.commit(0, never) is None
    assert log.last() == 0


def test_offsets_without_messages_are_committed_as_no_data(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 2, 1: 0})

    committer.commit(0, landed([]))

    assert log.read(1).offsets[0].not_data == 2


def test_a_replay_of_a_committed_batch_does_nothing(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    committer.commit(0, landed([listen(0)]))
    before = listed(log)

    assert committer.commit(0, never) is None
    assert (log.last(), listed(log)) == (1, before)


def test_a_new_process_knows_that_the_batch_was_committed(
    committer, destination, written_checkpoint, log
):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    committer.commit(0, landed([listen(0)]))

    assert Committer(destination, LogTail(log)).commit(0, never) is None


def test_what_a_killed_attempt_left_is_gone_after_the_next(
    committer, destination, written_checkpoint, log
):
    written_checkpoint.plan(0, {0: 3, 1: 0})
    messages = [listen(0), listen(1, hours=1), b"no"]
    with pytest.raises(CrashError):
        committer.commit(0, then_crash(landed(messages)))
    left = listed(log)
    assert len(left) == 3

    Committer(destination, LogTail(log)).commit(0, landed(messages))

    assert listed(log) == committed(log)
    assert listed(log).isdisjoint(left)
    assert log.read(1).accepted == 2


def test_a_retried_task_leaves_one_file(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 1, 1: 0})

    def tried_twice(task, ranges):
        landed([listen(0)])(task, ranges)
        return landed([listen(0)])(task, ranges, attempt=1)

    committer.commit(0, tried_twice)

    assert len(listed(log)) == 1
    assert listed(log) == committed(log)


def test_the_sweep_at_the_start_leaves_an_undecided_attempt_alone(
    committer, written_checkpoint, log
):
    """A writer that only sleeps may still commit those files."""
    written_checkpoint.plan(0, {0: 1, 1: 0})
    with pytest.raises(CrashError):
        committer.commit(0, then_crash(landed([listen(0)])))

    assert clean(log.store, log, LogTail(log).stream_seq) == 0
    assert len(listed(log)) == 1


def test_the_sweep_removes_what_a_crash_after_the_manifest_left(
    committer, written_checkpoint, log, monkeypatch
):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    with pytest.raises(CrashError):
        committer.commit(0, then_crash(landed([listen(0)])))
    monkeypatch.setattr("streaming.committer.clean", lambda *_: 0)
    committer.commit(0, landed([listen(0)]))
    assert len(listed(log)) == 2

    clean(log.store, log, LogTail(log).stream_seq)

    assert listed(log) == committed(log)
    assert list(log.store.list("_attempts")) == []


def test_a_writer_that_was_replaced_while_it_wrote_loses(
    committer, destination, written_checkpoint, log
):
    written_checkpoint.plan(0, {0: 1, 1: 0})

    def replaced_meanwhile(task, ranges):
        facts = landed([listen(0)])(task, ranges)
        planned = destination.checkpoint.batch(0)
        manifest = account("listen_events", "other", planned, [TaskFacts(0, 0, 1, accepted=1)])
        log.append(replace(manifest, seq=1))
        return facts

    with pytest.raises(ConflictError, match="two landing jobs"):
        committer.commit(0, replaced_meanwhile)

    clean(log.store, log, LogTail(log).stream_seq)
    assert listed(log) == set(), "the loser's files belong to nobody"


def test_the_same_batch_committed_meanwhile_is_taken_as_done(
    committer, destination, written_checkpoint, log
):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    twin = Committer(destination, LogTail(log))

    def overtaken(task, ranges):
        facts = landed([listen(0)])(task, ranges)
        twin.commit(0, landed([listen(0)]))
        return facts

    assert committer.commit(0, overtaken) is None
    assert log.last() == 1
    assert listed(log) == committed(log)


def test_a_replay_that_takes_the_number_only_moves_the_batch_on(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    written_checkpoint.plan(1, {0: 2, 1: 0})
    committer.commit(0, landed([listen(0)]))

    def replayed_meanwhile(task, ranges):
        log.append(replace(log.read(1), seq=2, kind="replay", writer="content", files=()))
        return landed([listen(1)])(task, ranges)

    committer.commit(1, replayed_meanwhile)

    assert [(each.seq, each.kind) for each in log.after(0)] == [
        (1, "stream"),
        (2, "replay"),
        (3, "stream"),
    ]


def test_a_gap_in_the_offsets_is_refused(committer, destination, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    written_checkpoint.plan(1, {0: 2, 1: 0})

    written_checkpoint.plan(2, {0: 3, 1: 0})
    committer.commit(0, landed([listen(0)]))
    with pytest.raises(ConflictError, match="begins at offset 2 of partition 0"):
        committer.commit(2, never)


def test_offsets_that_go_backwards_are_refused(committer, written_checkpoint, log):
    written_checkpoint.plan(0, {0: 5, 1: 0})
    written_checkpoint.plan(1, {0: 3, 1: 4})
    committer.commit(0, landed([listen(0)], []))

    with pytest.raises(LakeError, match="now ends at offset 3, but 5 was reached"):
        committer.commit(1, never)
    assert log.last() == 1


def test_the_same_number_with_other_offsets_is_refused(committer, written_checkpoint):
    written_checkpoint.plan(0, {0: 1, 1: 0})
    committer.commit(0, landed([listen(0)]))
    written_checkpoint.plan(0, {0: 2, 1: 0})

    with pytest.raises(ConflictError, match="set back"):
        committer.commit(0, never)


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        pytest.param([TaskFacts(0, 0, 1, accepted=2)], "messages more", id="more than offsets"),
        pytest.param([TaskFacts(0, 0, 1)] * 2, "not planned", id="a partition in two tasks"),
        pytest.param([TaskFacts(7, 0, 1)], "not planned", id="a partition that was not planned"),
        pytest.param([], "not read", id="a partition that was not read"),
        pytest.param([TaskFacts(0, 0, 0)], "not read", id="a range that was not read to its end"),
        pytest.param([TaskFacts(0, 0, 2)], "not planned", id="a range that was read too far"),
    ],
)
def test_facts_that_cannot_be_are_never_committed(
    committer, written_checkpoint, log, facts, problem
):
    written_checkpoint.plan(0, {0: 1, 1: 0})

    with pytest.raises(LakeError, match=problem):
        committer.commit(0, lambda *_: facts)
    assert log.last() == 0


def test_finding_the_end_of_a_long_log_reads_few_manifests(
    committer, written_checkpoint, log, monkeypatch
):
    for number in range(40):
        written_checkpoint.plan(number, {0: number + 1, 1: 0})
        committer.commit(number, landed([listen(number)]))
    reads = []
    read = log.read
    monkeypatch.setattr(log, "read", lambda seq: reads.append(seq) or read(seq))

    tail = LogTail(log, hint=40)

    assert tail.seq == 40
    assert reads == [40]


def test_a_task_that_slept_until_its_batch_was_landed_leaves_no_files(
    committer, destination, written_checkpoint, log
):
    written_checkpoint.plan(0, {0: 2, 1: 0})
    messages = [listen(0), listen(1, hours=1)]

    def sleep_before_writing(task, ranges):
        writer = PartitionWriter(task, ranges[0], 0, Stopwatch())
        writer.write(chunk(*messages))
        writer.files._announce_new()
        Committer(destination, LogTail(log)).commit(0, landed(messages))
        return [writer.finish()]

    with pytest.raises(ConflictError, match="while a task of ours slept"):
        committer.commit(0, sleep_before_writing)
    assert listed(log) == committed(log) != set()
    assert list(log.store.list("_attempts")) == []
