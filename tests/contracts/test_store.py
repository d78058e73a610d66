"""The one door to the lake: conditional puts that exactly one writer wins, whole objects."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.errors import LakeError, UnavailableError
from contracts.store import FolderStore, open_store


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "lake")


def test_what_was_put_is_read_back(store):
    store.put("a/b.json", b"one")
    store.put("a/b.json", b"two")

    assert store.read("a/b.json") == b"two"
    assert list(store.list("")) == ["a/b.json"]


def test_of_many_writers_exactly_one_puts_an_absent_object(store):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: store.put_if_absent("x", b"%d" % n), range(40)))

    assert won.count(True) == 1
    assert store.read("x") == b"%d" % won.index(True)
    assert list(store.list("")) == ["x"]


def test_a_missing_object_is_an_error_that_names_it(store):
    with pytest.raises(LakeError, match=r"has no _batches/x\.json"):
        store.read("_batches/x.json")


def test_deleting_leaves_no_empty_folders_and_minds_no_absence(store):
    store.put("a/b/one", b"")
    store.put("a/two", b"")

    store.delete("a/b/one")
    store.delete("a/b/one")

    assert list(store.list("")) == ["a/two"]
    assert not (store.root / "a/b").exists()


def test_a_folder_is_made_while_an_empty_one_above_it_is_removed(store):
    """Events share the folders at the top, and clean up behind themselves at the same time."""

    def come_and_go(number: int) -> None:
        for _ in range(300):
            path = f"_attempts/event{number}/note"
            store.create(path).close()
            store.delete(path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, range(4)))

    assert list(store.list("")) == []


def test_a_stream_stands_when_it_is_closed(store):
    with store.create("deep/down/file") as file:
        file.write(b"abc")

    assert store.read("deep/down/file") == b"abc"


def test_listing_an_absent_folder_finds_nothing(store):
    assert list(store.list("nowhere")) == []


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnavailableError, match="cannot write"):
        FolderStore(tmp_path / "file").put("a", b"")


def test_a_lake_of_another_kind_is_refused():
    with pytest.raises(UnavailableError, match="is no folder"):
        open_store("ftp://somewhere/lake")
