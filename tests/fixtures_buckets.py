"""Buckets for tests: fakes of Google's and Amazon's, one server each for the whole run.

A test that asks for `gs_lake` or `s3_lake` gets the address of an empty lake in a bucket of its
own, and the standard variables that lead there are set as long as it runs.
"""

import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.store import open_store
from local import processes
from local.go_tools import has_go
from local.object_stores import (
    ObjectStore,
    answers,
    free_port,
    make_gcs_bucket,
    minio,
    s3_environment,
)
from local.object_stores import fake_gcs as running_fake_gcs

MOTO = Path(__file__).with_name("moto_server.py")
DOWNLOADS = Path(__file__).parents[1] / ".musicflow" / "cache"


@pytest.fixture(scope="session")
def fake_gcs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Google's storage: the fake, or with MUSICFLOW_TEST_PROJECT the real one."""
    if os.environ.get("MUSICFLOW_TEST_PROJECT"):
        yield ObjectStore("", {})
        return
    if not has_go():
        pytest.skip("the fake of Google's storage is built from source, and there is no Go")
    log = tmp_path_factory.mktemp("gcs") / "server.log"
    with running_fake_gcs(DOWNLOADS, log) as server:
        yield server


@pytest.fixture
def gs_lake(fake_gcs: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty lake: in a new bucket of the fake, or in MUSICFLOW_TEST_BUCKET, emptied after."""
    name = f"lake-{uuid.uuid4().hex[:12]}"
    if fake_gcs.endpoint:
        for variable, value in fake_gcs.environment.items():
            monkeypatch.setenv(variable, value)
        make_gcs_bucket(fake_gcs.endpoint, name)
        yield f"gs://{name}/lake"
        return
    lake = f"gs://{os.environ['MUSICFLOW_TEST_BUCKET']}/tests/{name}"
    yield lake
    store = open_store(lake)
    for path in list(store.list("")):
        store.delete(path)


@pytest.fixture(scope="session")
def fake_s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Amazon's storage: moto's server, or with MUSICFLOW_TEST_S3A a MinIO."""
    folder, port = tmp_path_factory.mktemp("s3"), free_port()
    log = folder / "server.log"
    if os.environ.get("MUSICFLOW_TEST_S3A"):
        with minio(DOWNLOADS, folder / "data", log) as server:
            yield server
        return
    endpoint = f"http://127.0.0.1:{port}"
    command = [sys.executable, str(MOTO), "-H", "127.0.0.1", "-p", str(port)]
    with processes.running(command, os.environ, log) as server:
        processes.wait_until(lambda: answers(endpoint), server, log, 120)
        yield ObjectStore(endpoint, s3_environment(endpoint, "user", "password"))


@pytest.fixture
def s3_lake(fake_s3: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty lake in a new bucket."""
    for variable, value in fake_s3.environment.items():
        monkeypatch.setenv(variable, value)
    lake = f"s3://lake-{uuid.uuid4().hex[:12]}/lake"
    make_s3_bucket(lake)
    return lake


def make_s3_bucket(lake: str) -> None:
    """Make the bucket of `lake` where the environment says that S3 is."""
    bucket = lake.removeprefix("s3://").partition("/")[0]
    open_store(lake).filesystem.call_s3("create_bucket", Bucket=bucket)
