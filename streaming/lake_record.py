"""The lake's own record: who it is, and which layout it has."""

import uuid

import msgspec

from contracts.errors import ConfigurationError, LakeError
from contracts.lake import LAKE_RECORD, LAYOUT_VERSION
from contracts.store import Store


class LakeRecord(msgspec.Struct, frozen=True):
    """Identity and layout of a lake."""

    lake_id: str
    layout: int


def claim(store: Store) -> str:
    """The id of the lake, which is made if it is new.

    Raises:
        ConfigurationError: Its layout is newer than this version knows, or its storage can't put
            an object only if it is absent.
        LakeError: The record can't be read.
    """
    if not store.exists(LAKE_RECORD):
        fresh = LakeRecord(uuid.uuid4().hex, LAYOUT_VERSION)
        store.put_if_absent(LAKE_RECORD, msgspec.json.encode(fresh))
    written = store.read(LAKE_RECORD)
    try:
        record = msgspec.json.decode(written, type=LakeRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"{store.url(LAKE_RECORD)} can't be read: {error}") from error
    if record.layout > LAYOUT_VERSION:
        raise ConfigurationError(
            f"the lake {store.url('')} has layout {record.layout}, this version knows up to "
            f"{LAYOUT_VERSION}: upgrade before landing into it"
        )
    # It stands: where this succeeds, two landing jobs could both commit the same number.
    if store.put_if_absent(LAKE_RECORD, written):
        raise ConfigurationError(
            f"the storage of {store.url('')} lets two writers both make the same object, and so "
            "can lose batches: use one with conditional writes (If-None-Match), without a cache "
            "in between"
        )
    return record.lake_id
