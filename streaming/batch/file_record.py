"""The record of a batch file in the lake: what became of its content, whatever it is called.

It is made before anything of the file is committed and says where the log ended then, so that
whether a part was landed before is asked of the log from there on, and not of all history.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from contracts.errors import LakeError
from contracts.lake import file_path
from contracts.store import Store


class FileRecord(msgspec.Struct, frozen=True):
    """What is known of a file's content."""

    name: str
    """What it was called when it first came."""
    after: int
    """Number of the event's last manifest when it first came: all of its own are later."""
    first_seen_at: datetime
    form: str
    """Its format, for whoever reads its rejects; of a CSV file also how it is written."""
    columns: tuple[str, ...] = ()
    delimiter: str = ""
    finished_at: datetime | None = None
    """When all of it had landed; the counts are set then."""
    accepted: int = 0
    rejected: int = 0
    rejected_by_reason: Mapping[str, int] = {}


def begun(store: Store, event_name: str, content: str, fresh: FileRecord) -> FileRecord:
    """The record that stands for this content; `fresh` if there was none.

    Raises:
        LakeError: It can't be read.
    """
    path = file_path(event_name, content)
    if store.put_if_absent(path, msgspec.json.encode(fresh)):
        return fresh
    return read_record(store, event_name, content)


def read_record(store: Store, event_name: str, content: str) -> FileRecord:
    """The record that stands for this content.

    Raises:
        LakeError: There is none, or it can't be read.
    """
    path = file_path(event_name, content)
    try:
        return msgspec.json.decode(store.read(path), type=FileRecord)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the record {store.url(path)} can't be read: {error}") from error


def finish(store: Store, event_name: str, content: str, record: FileRecord) -> None:
    """Put on record that all of the file has landed."""
    store.put(file_path(event_name, content), msgspec.json.encode(record))
