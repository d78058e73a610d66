"""Rewriting a Parquet file of the lake without some of its rows; nothing else of it changes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import LakeError
from contracts.lake import is_of_rejects
from contracts.store import Store
from streaming.parquet import writer_to
from streaming.suppress import Cleaned

ROWS_AT_ONCE, REJECTS_AT_ONCE = 5_000, 64
"""Rejects are fewer: each may be as long as Kafka lets a message be."""
Clean = Callable[[pa.Table], Cleaned]
"""Takes out what is to go."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a file holds of what is to go."""

    lost: int = 0
    """Rows."""
    blanked: int = 0
    """Other rows that lose a field."""

    def __bool__(self) -> bool:
        """Whether the file has to be rewritten."""
        return self.lost + self.blanked > 0

    def plus(self, cleaned: Cleaned) -> "Findings":
        """These, and what was taken out of some more rows."""
        return Findings(self.lost + cleaned.lost, self.blanked + cleaned.blanked)


def search(store: Store, path: str, columns: list[str], clean: Clean) -> Findings:
    """What would be taken out of a file, judged by these columns.

    Raises:
        LakeError: It is gone, or can't be read.
    """
    found = Findings()
    with opened(store, path) as file:
        wanted = [each for each in columns if each in file.schema_arrow.names]
        at_once = REJECTS_AT_ONCE if is_of_rejects(path) else ROWS_AT_ONCE
        for rows in file.iter_batches(at_once, columns=wanted):
            found = found.plus(clean(pa.Table.from_batches([rows])))
    return found


def rewrite(store: Store, path: str, clean: Clean) -> Findings:
    """Replace a file by one without what is to go; what went.

    A reader sees the old file or the new one. A file that nothing is left of stays, empty.

    Raises:
        LakeError: It is gone, or can't be read.
        UnavailableError: The disk is full, read-only or forbidden; or the bucket is.
    """
    found, written = Findings(), BytesIO()
    with opened(store, path) as file, writer_to(written, file.schema_arrow) as writer:
        for number in range(file.num_row_groups):
            cleaned = clean(file.read_row_group(number))
            found = found.plus(cleaned)
            if left := cleaned.rows.num_rows:
                writer.write_table(cleaned.rows, row_group_size=left)
    if found:
        store.put(path, written.getvalue())
    return found


@contextmanager
def opened(store: Store, path: str) -> Iterator[pq.ParquetFile]:
    """The open file.

    Raises:
        LakeError: It is gone, or can't be read.
    """
    try:
        with store.open(path) as raw, pq.ParquetFile(raw) as file:
            yield file
    except (OSError, pa.ArrowException) as error:
        raise LakeError(
            f"{path}, which a manifest names, can't be read ({type(error).__name__}): restore it, "
            "then erase again"
        ) from error
