"""The BigQuery emulator, for load jobs that name objects of the fake GCS.

Run by the Python of the emulator's own environment, not by ours: `local/bigquery_emulator.py`
starts it. The emulator takes `gs://bucket/object` for a file below a folder. Here it fetches the
objects of a load job from STORAGE_EMULATOR_HOST first, as BigQuery reads them from GCS, and drops
them when the job is done.
"""

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

LoadJob = Callable[[str, str, dict[str, Any], Any], Awaitable[Any]]

HOST = "127.0.0.1"
DOWNLOADS_AT_A_TIME = 8
SECONDS = 120
"""Longest wait for one object."""


class MissingObjectError(Exception):
    """A load job names an object that is not there."""


def fetch(storage: str, load: dict[str, Any], folder: Path) -> list[str]:
    """Copy the objects that a load job names into `folder`; gives where each stands.

    Their own folders are kept only if the job asks for what these say (hive partitioning): the
    emulator would add columns for each `name=value` that it sees.

    Raises:
        MissingObjectError: No object is so called.
    """
    uris = load.get("sourceUris", [])
    names = [name for uri in uris for name in _objects(storage, uri)]
    is_hive = "hivePartitioningOptions" in load
    copies = [folder / (name if is_hive else str(number)) for number, name in enumerate(names)]
    with ThreadPoolExecutor(DOWNLOADS_AT_A_TIME) as pool:
        list(pool.map(lambda name, copy: _download(storage, name, copy), names, copies))
    return [str(copy) for copy in copies]


def fetching(load: LoadJob, storage: str, failed: Callable[..., Any]) -> LoadJob:
    """The emulator's `load`, with the objects fetched before it and dropped after it."""

    async def job(project: str, job_id: str, config: dict[str, Any], context: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            try:
                files = await asyncio.to_thread(fetch, storage, config["load"], Path(folder))
            except MissingObjectError as missing:
                return failed(
                    project_id=project,
                    job_id=job_id,
                    job_type="LOAD",
                    config=config,
                    error_result={"reason": "notFound", "message": str(missing)},
                    now=context.clock.now(),
                )
            local = config | {"load": config["load"] | {"sourceUris": files}}
            done = await load(project, job_id, local, context)
            return done.model_copy(update={"configuration": config})

    return job


def mend_translation() -> None:
    """Have `create table t (columns) as (select …)` understood, brackets and all: dbt writes it."""
    rewriter: Any = import_module("bqemulator.sql.rewriter.create_table_schema_ctas")
    first_select = rewriter._first_select  # noqa: SLF001  it has no other name

    def within_brackets(body: Any) -> Any:
        return first_select(body.unnest() if body else body)

    rewriter._first_select = within_brackets  # noqa: SLF001


def parse_once() -> None:
    """Have a statement parsed once and copied: the emulator's many steps parse it anew each."""
    dialect: Any = import_module("sqlglot.dialects.dialect").Dialect
    parse = dialect.parse
    trees = lru_cache(maxsize=256)(lambda kind, text: parse(kind(), text))

    def parsed(self: Any, text: str, **options: Any) -> list[Any]:
        if options or self.settings:
            return list(parse(self, text, **options))
        kind: Any = type(self)
        return [tree and tree.copy() for tree in trees(kind, text)]

    dialect.parse = parsed


def forget_the_past() -> None:
    """Have no table copied at each of its changes: nobody asks for what stood there before."""
    snapshots: Any = import_module("bqemulator.versioning.snapshots").SnapshotManager
    snapshots.capture = lambda *_table, **_kind: None


async def serve(project: str, address_file: Path) -> None:
    """Answer until ended; the address is in the file once the emulator is ready."""
    jobs: Any = import_module("bqemulator.api.routes.jobs")
    storage = os.environ.get("STORAGE_EMULATOR_HOST", "").rstrip("/")
    if storage:
        failed = jobs._failed_job_meta  # noqa: SLF001  as the emulator itself reports a failed job
        jobs.execute_load_job = fetching(jobs.execute_load_job, storage, failed)
    mend_translation()
    parse_once()
    forget_the_past()
    settings = import_module("bqemulator.config").Settings(
        rest_host=HOST,
        rest_port=0,
        grpc_host=HOST,
        grpc_port=0,
        default_project_id=project,
        enable_format_extensions=False,
        log_level="warning",
    )
    server = import_module("bqemulator.server").EmulatorServer(settings)
    await server.start()
    for each in (signal.SIGINT, signal.SIGTERM):
        # At once, whatever is under way: nothing of it is to be kept.
        signal.signal(each, signal.SIG_DFL)
    unfinished = address_file.with_suffix(".tmp")
    unfinished.write_text(server.rest_url)
    unfinished.replace(address_file)
    await asyncio.Event().wait()


def _objects(storage: str, uri: str) -> Iterator[str]:
    """The objects that a URI names, which may hold one `*`, each as `bucket/name`."""
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    if "*" not in name:
        yield f"{bucket}/{name}"
        return
    start, _, end = name.partition("*")
    token, matching = "", 0
    while token is not None:
        options = {"prefix": start, "pageToken": token}
        page = _get(f"{storage}/storage/v1/b/{quote(bucket)}/o", options, uri).json()
        for item in page.get("items", []):
            if item["name"].endswith(end) and len(item["name"]) >= len(start) + len(end):
                matching += 1
                yield f"{bucket}/{item['name']}"
        token = page.get("nextPageToken")
    if not matching:
        raise MissingObjectError(f"Not found: Uris {uri}")


def _download(storage: str, path: str, copy: Path) -> None:
    bucket, _, name = path.partition("/")
    url = f"{storage}/storage/v1/b/{quote(bucket)}/o/{quote(name, safe='')}"
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(_get(url, {"alt": "media"}, f"gs://{path}").content)


def _get(url: str, options: dict[str, str], uri: str) -> Any:
    httpx = import_module("httpx")  # the emulator's, as all that is imported by name here
    with httpx.Client(timeout=SECONDS, transport=httpx.HTTPTransport(retries=3)) as client:
        answer = client.get(url, params=options)
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise MissingObjectError(f"Not found: URI {uri}")
    return answer.raise_for_status()


def main() -> None:
    """Read the options, then serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", required=True)
    parser.add_argument("--address-file", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(serve(options.project, options.address_file))


if __name__ == "__main__":
    main()
