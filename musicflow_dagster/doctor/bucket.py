"""A lake in a bucket: whether it can be read, written, and written to by one of two at a time."""

import uuid
from collections.abc import Iterator

from contracts.errors import MusicFlowError
from contracts.store import Store, open_store
from musicflow_dagster.doctor.finding import Finding

PROBES = "_doctor"
"""Folder of the lake for the objects that an examination makes, and removes again."""


def bucket(lake: str) -> Iterator[Finding]:
    """What may be done in the bucket of `lake`; nothing, if the lake is in a folder."""
    if "://" not in lake:
        return
    try:
        what = _tried(open_store(lake))
    except MusicFlowError as error:
        yield Finding("bucket", f"{lake} cannot be used", str(error))
        return
    yield what


def _tried(store: Store) -> Finding:
    """Do with an object of our own what landing does, and remove it."""
    path, ours = f"{PROBES}/{uuid.uuid4().hex}", b"of musicflow doctor; it can be deleted"
    root = store.url("").rstrip("/")
    first = store.put_if_absent(path, ours)
    try:
        second = store.put_if_absent(path, b"another writer")
        read = store.read(path)
        listed = list(store.list(PROBES))
    finally:
        store.delete(path)
    if not first or second or read != ours:
        return Finding(
            "bucket",
            f"{root} lets two writers write the same object: batches could be lost",
            "use a storage that honours if-generation-match (GCS) or if-none-match (S3)",
        )
    if path not in listed or store.exists(path):
        return Finding(
            "bucket",
            f"{root} does not list what was just written, or keeps what was deleted",
            "use a storage that is strongly consistent, without a cache in between",
        )
    return Finding(
        "bucket", f"{root} can be read, written, listed, and written to by one at a time"
    )
