"""The one door to the lake: conditional puts that exactly one writer wins, whole objects."""

import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest

from contracts.bucket_file import BLOCK_BYTES
from contracts.errors import ConfigurationError, LakeError, UnavailableError
from contracts.store import FolderStore, Store, open_store

pytestmark = pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
BUCKETS = ["gs_lake", "s3_lake"]


@pytest.fixture(
    params=["folder", *(pytest.param(each, marks=pytest.mark.cloud) for each in BUCKETS)]
)
def store(request, tmp_path) -> Store:
    """A store of each kind; the tests here hold for all of them."""
    if request.param == "folder":
        return FolderStore(tmp_path / "lake")
    return open_store(request.getfixturevalue(request.param))


@pytest.fixture
def folder_store(tmp_path) -> FolderStore:
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


def test_deleting_minds_no_absence(store):
    store.put("a/b/one", b"")
    store.put("a/two", b"")

    store.delete("a/b/one")
    store.delete("a/b/one")

    assert list(store.list("")) == ["a/two"]


def test_deleting_leaves_no_empty_folders(folder_store):
    folder_store.put("a/b/one", b"")
    folder_store.put("a/two", b"")

    folder_store.delete("a/b/one")

    assert not (folder_store.root / "a/b").exists()


def test_a_folder_is_made_while_an_empty_one_above_it_is_removed(folder_store):
    """Events share the folders at the top, and clean up behind themselves at the same time."""

    def come_and_go(number: int) -> None:
        for _ in range(300):
            path = f"_attempts/event{number}/note"
            folder_store.create(path).close()
            folder_store.delete(path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, range(4)))

    assert list(folder_store.list("")) == []


def test_a_stream_stands_when_it_is_closed(store):
    with store.create("deep/down/file") as file:
        file.write(b"abc")

    assert store.read("deep/down/file") == b"abc"


def test_a_stream_that_is_discarded_leaves_nothing_in_a_bucket(request):
    for lake in BUCKETS:
        store = open_store(request.getfixturevalue(lake))
        with suppress(KeyError), store.create("small") as file:
            file.write(b"abc")
            raise KeyError
        large = store.create("large")
        large.write(b"x" * (BLOCK_BYTES + 1))
        large.discard()
        large.discard()
        large.close()

        assert list(store.list("")) == []


@pytest.mark.parametrize("size", [0, 1, BLOCK_BYTES, 2 * BLOCK_BYTES + 5])
def test_a_stream_of_any_length_arrives_whole(store, size):
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    with store.create("file") as file:
        for at in range(0, size, 5_000_000):
            file.write(content[at : at + 5_000_000])
        assert file.tell() == size

    assert store.read("file") == content
    with store.open("file") as opened:
        opened.seek(size // 2)
        assert opened.read(10) == content[size // 2 :][:10]


def test_a_listing_is_sorted_by_path(store):
    paths = ["a.json", "a/b", "a/c/d", "a-", "b/hour=09/x", "b/hour=10/x", "b.", "ab/x"]
    for path in paths:
        store.put(path, b"")

    assert list(store.list("")) == sorted(paths)
    assert list(store.list("a")) == ["a/b", "a/c/d"]
    assert list(store.list("b/hour=09")) == ["b/hour=09/x"]


def test_a_listing_of_more_than_a_page_is_whole(store):
    paths = [f"many/{number:04}" for number in range(1005)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda path: store.put(path, b""), paths))

    assert list(store.list("many")) == paths


def test_an_object_stands_or_does_not(store):
    store.put("a/b", b"")

    assert store.exists("a/b")
    assert not store.exists("a")
    assert not store.exists("a/c")


def test_what_is_opened_must_stand(store):
    with pytest.raises(LakeError, match="has no nothing"):
        store.open("nothing").read()


def test_a_child_that_was_forked_uses_the_store_too(store):
    """Spark's workers are forked from a process that may have used the lake."""
    store.put("parent", b"1")
    child = multiprocessing.get_context("fork").Process(
        target=store.put, args=("child", b"2"), daemon=True
    )
    child.start()
    child.join(120)

    assert child.exitcode == 0
    assert store.read("child") == b"2"


def test_an_absent_folder_of_a_bucket_is_an_empty_lake(gs_lake, s3_lake):
    for lake in (gs_lake, s3_lake):
        assert not open_store(f"{lake}/deeper").exists("a")
        assert list(open_store(f"{lake}/deeper").list("")) == []


@pytest.mark.parametrize("lake", BUCKETS)
@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda store: store.read("a"), id="read"),
        pytest.param(lambda store: store.exists("a"), id="exists"),
        pytest.param(lambda store: store.put("a", b""), id="put"),
        pytest.param(lambda store: store.put_if_absent("a", b""), id="put if absent"),
        pytest.param(lambda store: store.create("a").close(), id="create"),
        pytest.param(lambda store: list(store.list("a")), id="list"),
    ],
)
def test_a_bucket_that_is_not_there_is_one_clear_line(request, lake, use):
    request.getfixturevalue(lake)
    scheme = lake[:2]

    with pytest.raises(ConfigurationError, match=f"there is no bucket {scheme}://nobody-s-bucket:"):
        use(open_store(f"{scheme}://nobody-s-bucket/lake"))


def test_listing_an_absent_folder_finds_nothing(store):
    assert list(store.list("nowhere")) == []


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path):
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(UnavailableError, match="cannot write"):
        FolderStore(tmp_path / "file").put("a", b"")


@pytest.mark.parametrize("lake", ["ftp://somewhere/lake", "gs://", "s3:///lake", "s3a://a/b"])
def test_a_lake_of_another_kind_is_refused(lake):
    with pytest.raises(ConfigurationError, match="give a folder, gs://bucket/folder or s3://"):
        open_store(lake)


def test_what_killed_writers_left_is_removed_once_it_is_old(tmp_path):
    store = FolderStore(tmp_path)
    store.put("a/b.json", b"kept")
    for name in ("old", "young"):
        (tmp_path / "a" / f".tmp-{name}").write_bytes(b"left")
    os.utime(tmp_path / "a" / ".tmp-old", (0, 0))

    assert store.remove_unfinished(timedelta(hours=1)) == 1

    assert sorted(each.name for each in (tmp_path / "a").iterdir()) == [".tmp-young", "b.json"]
