"""A bucket that misbehaves: what is transient is tried again, and nothing is half done."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.buckets import BLOCK_BYTES
from contracts.errors import UnavailableError
from contracts.store import open_store

from .faulty import faulty

pytestmark = [pytest.mark.cloud, pytest.mark.emulator, pytest.mark.integration]


_SLEEP = asyncio.sleep


@pytest.fixture
def storage(fake_gcs, gs_lake, monkeypatch):
    """A proxy with faults in front of the fake; the lake is reached through it, by the hasty."""
    monkeypatch.setattr(asyncio, "sleep", lambda seconds, *rest: _SLEEP(seconds / 50, *rest))
    with faulty(fake_gcs.endpoint, share=0.25, seed=11) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.endpoint)
        yield proxy


def test_what_is_written_and_read_through_faults_is_whole(storage, gs_lake):
    store = open_store(gs_lake)
    contents = {f"a/{number:02}": b"%d" % number * 1000 for number in range(30)}

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda each: store.put(*each), contents.items()))
        read = dict(zip(contents, pool.map(store.read, contents), strict=True))
    listed = list(store.list("a"))
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(store.delete, contents))

    assert read == contents
    assert listed == list(contents)
    assert list(store.list("a")) == []
    assert storage.met.total() > 10


def test_exactly_one_wins_although_answers_are_lost(storage, gs_lake):
    """Who made the object, and never heard of it, finds it standing when it asks again."""
    storage.share = 0.4
    stores = [open_store(gs_lake) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        for number in range(8):
            path = f"log/{number}"
            won = list(pool.map(lambda s, p=path: s.put_if_absent(p, b"the same"), stores))

            assert won.count(True) == 1


def test_a_long_file_arrives_whole_through_faults(storage, gs_lake):
    storage.share = 0.3
    store = open_store(gs_lake)
    content = bytes(range(251)) * (3 * BLOCK_BYTES // 251)

    with store.create("long") as file:
        file.write(content)

    storage.share = 0
    assert store.read("long") == content


@pytest.mark.parametrize("fault", ["429", "503", "unheard"])
def test_a_storage_that_never_answers_well_is_one_clear_line(storage, gs_lake, fault):
    storage.share, storage.kinds = 1, (fault,)

    with pytest.raises(UnavailableError, match=r"^gs://lake-.*: ") as told:
        open_store(gs_lake).put("a", b"")

    assert "\n" not in str(told.value)
