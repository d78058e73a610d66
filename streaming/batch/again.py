"""Rejects of batch files as messages again: what stands in a file is no message by itself."""

from collections.abc import Callable, Sequence

import pyarrow as pa

from contracts.events import Event
from contracts.store import Store
from streaming.batch.csv_file import CsvReader, Layout
from streaming.batch.file_record import read_record
from streaming.batch.ndjson_file import NdjsonReader

AsMessages = Callable[[Sequence[bytes]], pa.BinaryArray]


def as_messages(store: Store, event: Event, content: str, longest: int) -> AsMessages:
    """What makes messages of the rejects of the file with this content, as its reader would.

    Raises:
        LakeError: The file's record is gone or can't be read.
    """
    record = read_record(store, event.name, content)
    if record.form == "csv":
        reader, layout = CsvReader(event, longest), Layout(record.delimiter, record.columns)
        return lambda records: reader.again(records, layout)
    return NdjsonReader(event).messages
