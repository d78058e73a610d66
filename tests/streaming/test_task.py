"""A task writes what it judged, by event hour, and tells exactly what it wrote."""

import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.lake import hour_of
from streaming.task import BatchTask, by_hour

from .messages import BATCH_AT, chunk, land, listen


@pytest.fixture
def task(store, limits) -> BatchTask:
    return BatchTask(
        lake=str(store.root),
        event_name="listen_events",
        writer="w",
        batch=3,
        batch_at=BATCH_AT,
        after=0,
        run="run",
        limits=limits,
        buffer_bytes=1024 * 1024,
    )


def test_rows_go_to_the_folders_of_their_event_hours(task, store):
    messages = chunk(listen(0), listen(1, hours=1), listen(2), partition=2)

    facts = land(task, messages, partition=2)

    assert [(each.path, each.hour, each.rows) for each in facts.files] == [
        (
            "listen_events/date=2026-01-01/hour=05/batch=w-3/p2-run-0.parquet",
            "2026-01-01-05:00",
            2,
        ),
        (
            "listen_events/date=2026-01-01/hour=06/batch=w-3/p2-run-0.parquet",
            "2026-01-01-06:00",
            1,
        ),
    ]
    rows = pq.read_table(store.url(facts.files[0].path))
    assert rows["kafka_partition"].to_pylist() == [2, 2]
    assert rows["kafka_offset"].to_pylist() == [0, 2]
    assert set(rows["kafka_topic"].to_pylist()) == {"listen_events"}


def test_rejects_are_kept_as_received_by_the_batchs_hour(task, store):
    facts = land(task, chunk(b"not json", listen(0), None, listen(1, sessionId=None)))

    assert (facts.accepted, facts.rejected) == (1, 3)
    assert facts.rejected_by_reason == {"unreadable_json": 2, "missing_field": 1}
    (file,) = facts.rejected_files
    assert file.path == (
        "rejected/listen_events/date=2026-01-02/hour=12/batch=w-3/p0-run-0.parquet"
    )
    rejects = pq.read_table(store.url(file.path))
    assert rejects["payload"].to_pylist()[:2] == [b"not json", None]
    assert rejects["kafka_offset"].to_pylist() == [0, 2, 3]


def test_the_facts_span_all_chunks(task):
    chunks = [
        chunk(),
        chunk(listen(3, hours=2)),
        chunk(first_offset=1),
        chunk(listen(0, hours=-2), listen(1, mood="happy"), first_offset=1),
    ]

    facts = land(task, *chunks)

    assert (facts.accepted, facts.rejected, facts.rows_with_unknown_fields) == (3, 0, 1)
    assert facts.min_occurred_at == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert facts.max_occurred_at == datetime(2026, 1, 1, 7, 0, 0, 3000, tzinfo=UTC)


def test_offsets_without_messages_leave_no_file(task, store):
    facts = land(task, chunk(first_offset=7), chunk(first_offset=9))

    assert (facts.start, facts.end, facts.accepted, facts.rejected) == (7, 9, 0, 0)
    assert list(store.list("")) == []


def test_the_facts_tell_how_far_was_read(task):
    facts = land(task, chunk(listen(0), first_offset=5), chunk(first_offset=8))

    assert (facts.start, facts.end, facts.accepted) == (5, 8, 1)


def test_the_note_names_every_file(task, store):
    facts = land(task, chunk(listen(0), b"no"), attempt=1)

    (path,) = store.list("_attempts")
    note = json.loads(store.read(path))
    assert path == "_attempts/listen_events/w-3/p0-run-1.json"
    assert note["after"] == 0
    assert set(note["files"]) == {each.path for each in facts.files + facts.rejected_files}


def test_another_attempt_never_writes_to_the_same_file(task):
    attempts = [land(task, chunk(listen(0)), attempt=each) for each in (0, 1)]

    assert attempts[0].files[0].path != attempts[1].files[0].path


@settings(deadline=None)
@given(hours=st.lists(st.integers(-30, 30), max_size=60))
def test_parting_by_hour_keeps_each_row_once_and_in_order(hours):
    times = [
        datetime(2026, 1, 1, 5, 59, 59, 999_999, tzinfo=UTC).timestamp() * 1e6 + each * 3.6e9
        for each in hours
    ]
    rows = pa.table(
        {
            "occurred_at": pa.array(list(map(int, times)), pa.timestamp("us", "UTC")),
            "n": pa.array(range(len(hours)), pa.int64()),
        }
    )

    parts = list(by_hour(rows))

    assert sorted(n for _, part in parts for n in part["n"].to_pylist()) == list(range(len(hours)))
    for hour, part in parts:
        assert {hour_of(at) for at in part["occurred_at"].to_pylist()} == {hour}
        assert part["n"].to_pylist() == sorted(part["n"].to_pylist())
    assert [hour for hour, _ in parts] == sorted({hour for hour, _ in parts})
