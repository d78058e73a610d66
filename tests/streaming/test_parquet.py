"""A task's files hold each row once, in order, in bounded memory."""

import errno
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.errors import UnavailableError
from contracts.store import FolderStore
from streaming.parquet import TaskFiles


def rows(*numbers: int) -> pa.Table:
    return pa.table({"n": pa.array(numbers, pa.int64())})


def written(store, path):
    return pq.read_table(store.url(path))["n"].to_pylist()


def test_rows_of_a_file_stand_in_the_order_they_came(store):
    files = TaskFiles(store, lambda _: None, buffer_bytes=1000)
    files.add("a", "2026-01-01-05:00", rows(1, 2))
    files.add("b", "2026-01-01-06:00", rows(9))
    files.add("a", "2026-01-01-05:00", rows(3))

    facts = files.finish()

    assert written(store, "a") == [1, 2, 3]
    assert written(store, "b") == [9]
    assert [(each.path, each.hour, each.rows) for each in facts] == [
        ("a", "2026-01-01-05:00", 3),
        ("b", "2026-01-01-06:00", 1),
    ]
    assert [each.bytes for each in facts] == [(store.root / name).stat().st_size for name in "ab"]


def test_what_is_too_much_to_keep_is_written_as_a_row_group(store):
    files = TaskFiles(store, lambda _: None, buffer_bytes=40)
    for number in range(10):
        files.add("a", "h", rows(number, number))
        files.add("b", "h", rows(number))

    files.finish()

    assert written(store, "a") == [number for number in range(10) for _ in range(2)]
    assert written(store, "b") == list(range(10))
    assert pq.ParquetFile(store.url("a")).num_row_groups > 1


def test_a_file_is_announced_before_it_is_opened(store):
    standing_when_announced = []

    def announce(paths):
        standing_when_announced.append(
            (list(paths), [path for path in paths if store.exists(path)])
        )

    files = TaskFiles(store, announce, buffer_bytes=10)
    files.add("a", "h", rows(1, 2))
    files.add("b", "h", rows(3))
    files.finish()

    assert standing_when_announced == [(["a"], []), (["a", "b"], ["a"])]


@settings(deadline=None)
@given(
    adds=st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 20)), min_size=1, max_size=30),
    limit=st.integers(0, 400),
)
def test_no_limit_loses_or_doubles_a_row(tmp_path_factory, adds, limit):
    store = FolderStore(tmp_path_factory.mktemp("lake"))
    files = TaskFiles(store, lambda _: None, buffer_bytes=limit)
    wanted: dict[str, list[int]] = {}
    for number, (path, count) in enumerate(adds):
        files.add(path, "h", rows(*[number] * count))
        wanted.setdefault(path, []).extend([number] * count)

    facts = files.finish()

    assert {each.path: each.rows for each in facts} == {
        path: len(numbers) for path, numbers in wanted.items()
    }
    assert {path: written(store, path) for path in wanted} == wanted


def test_a_full_disk_is_one_clear_line(store, monkeypatch):
    def no_room(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    files = TaskFiles(store, lambda _: None, buffer_bytes=1000)
    files.add("a", "h", rows(1))

    with pytest.raises(UnavailableError, match="the disk is full: make room"):
        files.finish()
    files.abandon()
