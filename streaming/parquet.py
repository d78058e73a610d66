"""Writing a task's Parquet files: one per folder, in bounded memory."""

from collections.abc import Callable, Sequence
from typing import BinaryIO, cast

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.manifests import DataFile
from contracts.new_file import NewFile
from contracts.store import Store

_LOOKED_UP = ["event_id", "occurred_at"]
"""Columns with statistics: a fifth of the writing would go into those of the others."""
_DISTINCT = {"event_id", "occurred_at", "kafka_offset", "payload"}
"""Columns whose values hardly come again, so that a dictionary is a detour."""


def writer_to(file: BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """A writer of rows as all files of the lake have them."""
    return pq.ParquetWriter(
        file,
        schema,
        compression="zstd",
        use_dictionary=[each for each in schema.names if each not in _DISTINCT],  # type: ignore[arg-type]  # the stubs lack lists
        write_statistics=_LOOKED_UP,
    )


class GrowingFile:
    """A Parquet file whose rows are kept back until there are enough for a row group."""

    def __init__(self, path: str, hour: str) -> None:
        """The file `path` of the hour named `hour`; nothing is opened yet."""
        self.path = path
        self.waiting_bytes = 0
        self._hour = hour
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._file: NewFile | None = None
        self._writer: pq.ParquetWriter | None = None

    def add(self, rows: pa.Table) -> None:
        """Keep rows for the next row group."""
        self._waiting.append(rows)
        self.waiting_bytes += rows.nbytes
        self._rows += rows.num_rows

    def flush(self, store: Store) -> None:
        """Write what waits as a row group.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden; or the bucket is.
        """
        if not self._waiting:
            return
        rows = pa.concat_tables(self._waiting)
        if self._writer is None:
            self._file = store.create(self.path)
            self._writer = writer_to(cast("BinaryIO", self._file), rows.schema)
        self._writer.write_table(rows, row_group_size=rows.num_rows)
        self._waiting = []
        self.waiting_bytes = 0

    def finish(self, store: Store) -> DataFile:
        """Write the rest and close; the file stands from here on.

        Raises:
            UnavailableError: The disk is full, read-only or forbidden; or the bucket is.
        """
        self.flush(store)
        if self._writer is None or self._file is None:
            raise ValueError(f"{self.path} got no rows")
        self._writer.close()
        size = self._file.tell()
        self._file.close()
        return DataFile(self.path, self._hour, self._rows, size)

    def abandon(self) -> None:
        """Let go of the file as it is; what was wrong with it has been told."""
        if self._file is not None:
            self._file.discard()


class TaskFiles:
    """The files of one task; when too much waits the longest queue is written."""

    def __init__(
        self, store: Store, announce: Callable[[Sequence[str]], None], buffer_bytes: int
    ) -> None:
        """Write to `store`; `announce` is told all paths before the first write to a new one."""
        self._store = store
        self._announce = announce
        self._buffer_bytes = buffer_bytes
        self._files: dict[str, GrowingFile] = {}
        self._announced = 0

    @property
    def paths(self) -> list[str]:
        """Where its files are, or will be."""
        return sorted(self._files)

    def add(self, path: str, hour: str, rows: pa.Table) -> None:
        """Add rows of one hour to the file `path`."""
        self._files.setdefault(path, GrowingFile(path, hour)).add(rows)
        while sum(each.waiting_bytes for each in self._files.values()) > self._buffer_bytes:
            self._announce_new()
            max(self._files.values(), key=lambda each: each.waiting_bytes).flush(self._store)

    def finish(self) -> list[DataFile]:
        """Write and close everything; what the files hold, in order of their paths."""
        self._announce_new()
        return [self._files[path].finish(self._store) for path in sorted(self._files)]

    def abandon(self) -> None:
        """Let go of everything; the notes say what to remove."""
        for each in self._files.values():
            each.abandon()

    def _announce_new(self) -> None:
        if len(self._files) > self._announced:
            self._announce(sorted(self._files))
            self._announced = len(self._files)
