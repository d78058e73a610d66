"""Where the demo's lake and warehouse are: in folders, or in a cloud that runs on this machine."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from contracts.store import Store, open_store
from local.bigquery_emulator import bigquery_emulator
from local.object_stores import fake_gcs, make_gcs_bucket, minio
from local.tables import BigQueryTables, SnapshotTables, Tables
from local.workspace import Workspace

BUCKET = "musicflow"


@dataclass(frozen=True, slots=True)
class Place:
    """A lake and a warehouse that are ready, and the variables that lead the stations there."""

    variables: Mapping[str, str]
    tables: Callable[[], Tables]
    is_gone: bool = False
    """Whether nothing of it is left when its block ends."""

    @property
    def lake(self) -> Store:
        """The lake."""
        return open_store(self.variables["MUSICFLOW_LAKE"])


OpenPlace = Callable[[Workspace], AbstractContextManager[Place]]


@contextmanager
def folders(workspace: Workspace) -> Iterator[Place]:
    """A lake in a folder, a warehouse in a DuckDB file."""
    variables = {"MUSICFLOW_TARGET": "local", "MUSICFLOW_LAKE": str(workspace.lake)}
    yield Place(variables, lambda: SnapshotTables(workspace.snapshot))


@contextmanager
def google(workspace: Workspace) -> Iterator[Place]:
    """A lake in a fake of Google Cloud Storage, a warehouse in an emulator of BigQuery."""
    with ExitStack() as stack:
        storage = stack.enter_context(fake_gcs(workspace.cache, workspace.log("gcs")))
        make_gcs_bucket(storage.endpoint, BUCKET)
        bigquery = stack.enter_context(
            bigquery_emulator(workspace.cache, workspace.log("bigquery"), storage.endpoint)
        )
        variables = {
            "MUSICFLOW_TARGET": "gcp",
            "MUSICFLOW_LAKE": f"gs://{BUCKET}/lake",
            "MUSICFLOW_CHECKPOINTS": f"gs://{BUCKET}/checkpoints",
            **storage.environment,
            **bigquery.environment,
        }
        stack.enter_context(_also_ours(variables))
        yield Place(variables, lambda: BigQueryTables(bigquery.project), is_gone=True)


@contextmanager
def s3(workspace: Workspace) -> Iterator[Place]:
    """A lake in a MinIO, a warehouse in a DuckDB file."""
    with ExitStack() as stack:
        data = workspace.home / "minio"
        storage = stack.enter_context(minio(workspace.cache, data, workspace.log("minio")))
        variables = {
            "MUSICFLOW_TARGET": "local",
            "MUSICFLOW_LAKE": f"s3://{BUCKET}/lake",
            **storage.environment,
        }
        stack.enter_context(_also_ours(variables))
        _make_s3_bucket(storage.endpoint)
        yield Place(variables, lambda: SnapshotTables(workspace.snapshot), is_gone=True)


@contextmanager
def _also_ours(variables: Mapping[str, str]) -> Iterator[None]:
    """Have the clients of this process find what the stations find."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _make_s3_bucket(endpoint: str) -> None:
    # An extra of the package: only who asks for S3 needs it.
    from s3fs import S3FileSystem  # noqa: PLC0415

    S3FileSystem(endpoint_url=endpoint, skip_instance_cache=True).mkdir(BUCKET)
