"""A bucket that misbehaves: what is transient is tried again, and nothing is half done."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from contracts.bucket_file import BLOCK_BYTES
from contracts.errors import UnavailableError
from contracts.store import open_store

from .faulty import faulty

pytestmark = [pytest.mark.cloud, pytest.mark.emulator, pytest.mark.integration]


_SLEEP = asyncio.sleep


BUCKETS = {
    "gs": ("fake_gcs", "gs_lake", "STORAGE_EMULATOR_HOST"),
    "s3": ("fake_s3", "s3_lake", "AWS_ENDPOINT_URL_S3"),
}


@pytest.fixture(params=BUCKETS)
def bucket(request, monkeypatch):
    """A proxy with faults in front of a fake, and the lake that is reached through it, in haste."""
    server, lake, variable = BUCKETS[request.param]
    endpoint, url = request.getfixturevalue(server).endpoint, request.getfixturevalue(lake)
    monkeypatch.setattr(asyncio, "sleep", lambda seconds, *rest: _SLEEP(seconds / 50, *rest))
    with faulty(endpoint, share=0.2, seed=11) as proxy:
        monkeypatch.setenv(variable, proxy.endpoint)
        yield proxy, url


@pytest.fixture
def storage(bucket):
    return bucket[0]


@pytest.fixture
def lake(bucket) -> str:
    return bucket[1]


def test_what_is_written_and_read_through_faults_is_whole(storage, lake):
    store = open_store(lake)
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
    assert storage.met.total() > 5


def test_exactly_one_wins_although_answers_are_lost(storage, lake):
    """Who made the object, and never heard of it, finds it standing when it asks again."""
    storage.share = 0.2
    stores = [open_store(lake) for _ in range(6)]

    with ThreadPoolExecutor(6) as pool:
        for number in range(8):
            path = f"log/{number}"
            won = list(pool.map(lambda s, p=path: s.put_if_absent(p, b"the same"), stores))

            assert won.count(True) == 1


def test_a_long_file_arrives_whole_through_faults(storage, lake):
    storage.share = 0.3
    store = open_store(lake)
    content = bytes(range(251)) * (3 * BLOCK_BYTES // 251)

    with store.create("long") as file:
        file.write(content)

    storage.share = 0
    assert store.read("long") == content


@pytest.mark.parametrize("fault", ["429", "503", "unheard"])
def test_a_storage_that_never_answers_well_is_one_clear_line(storage, lake, fault):
    storage.share, storage.kinds = 1, (fault,)

    with pytest.raises(UnavailableError, match=r"^(gs|s3)://lake-.*: ") as told:
        open_store(lake).put("a", b"")

    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param("401", "does not accept the credentials", id="expired credentials"),
        pytest.param("403", "access is denied", id="no permission"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda store: store.read("a"), id="read"),
        pytest.param(lambda store: store.exists("a"), id="exists"),
        pytest.param(lambda store: store.put("a", b""), id="put"),
        pytest.param(lambda store: store.put_if_absent("a", b""), id="put if absent"),
        pytest.param(lambda store: store.create("a").close(), id="create"),
        pytest.param(lambda store: list(store.list("a")), id="list"),
        pytest.param(lambda store: store.delete("a"), id="delete"),
    ],
)
def test_who_may_not_is_told_what_to_do_in_one_line(storage, lake, use, answer, told):
    storage.share, storage.kinds = 1, (answer,)

    with pytest.raises(UnavailableError, match=told) as error:
        use(open_store(lake))

    assert "\n" not in str(error.value)


# Of S3 a file of less than 50 MB comes whole when it is opened.
@pytest.mark.parametrize("bucket", ["gs"], indirect=True)
def test_what_is_read_of_an_open_file_is_told_as_well(storage, lake):
    storage.share = 0
    store = open_store(lake)
    store.put("a", b"abc")
    with store.open("a") as opened:
        storage.share, storage.kinds = 1, ("503",)

        with pytest.raises(UnavailableError, match=r"^gs://lake-.*: "):
            opened.read(1)


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda store: store.exists("a"), id="exists"),
        pytest.param(lambda store: list(store.list("a")), id="list"),
    ],
)
def test_without_credentials_of_google_it_is_said_how_to_log_in(monkeypatch, tmp_path, use):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "nothing.json"))

    with pytest.raises(UnavailableError, match="gcloud auth application-default login"):
        use(open_store("gs://bucket/lake"))
