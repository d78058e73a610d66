"""The rejects of a range of hours: which landing batches left them, and what has landed since."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from contracts.errors import LakeError
from contracts.expiry import read_expiry
from contracts.lake import hour_key
from contracts.manifests import CHAIN, Manifest, ManifestLog
from contracts.store import Store
from streaming.tail import LogTail

POSITION = ["kafka_topic", "kafka_partition", "kafka_offset"]
_POSITION_TYPES = pl.Schema(zip(POSITION, (pl.String, pl.Int64, pl.Int64), strict=True))
CLOCK_SLACK = timedelta(days=1)
"""How far a clock may have been set back between two commits without a reject being overlooked."""
CHUNK_ROWS = 256
"""Rejects in memory at a time: each may be as long as Kafka lets a message be."""


@dataclass(frozen=True, slots=True)
class Rejects:
    """The rejects of one landing batch; its time is what each of them was judged at."""

    judged_at: datetime
    files: tuple[str, ...]
    content: str = ""
    """Of rejects of a batch file: its hash, by which its record tells how to read them."""

    @property
    def writer(self) -> str:
        """Who lands what passes of them: a hash of the files, which never change."""
        return hashlib.blake2b("\n".join(self.files).encode(), digest_size=16).hexdigest()


class RejectLog:
    """An event's log as a replay sees it: rejects of its hours, replays of any."""

    def __init__(self, manifests: ManifestLog, first: datetime, end: datetime) -> None:
        """Read the log from the hour `first` on; rejects count until before the hour `end`.

        It is read to its end, because a replay of these rejects may stand anywhere after them.
        Rejects that have expired are no more.
        """
        expiry = read_expiry(manifests.store, manifests.event_name)
        kept = max(first, expiry.before) if expiry else first
        self.found: list[Rejects] = []
        self.stream_seq = LogTail(manifests).stream_seq
        self.seq = last_before(manifests, kept - CLOCK_SLACK)
        self._manifests = manifests
        self._hours = hour_key(kept), hour_key(end)
        self._replays: dict[int, Manifest] = {}
        self._citing: defaultdict[str, set[int]] = defaultdict(set)
        self.refresh()

    def refresh(self) -> None:
        """Take in what was appended since."""
        for manifest in self._manifests.after(self.seq):
            self._take(manifest)

    def replays_of(self, rejects: Rejects) -> list[Manifest]:
        """The replays that landed some of these rejects, oldest first."""
        numbers = set().union(*(self._citing[each] for each in rejects.files))
        return [self._replays[each] for each in sorted(numbers)]

    def _take(self, manifest: Manifest) -> None:
        self.seq = manifest.seq
        if manifest.kind in CHAIN:
            self.stream_seq = manifest.seq
        if manifest.kind == "replay":
            self._replays[manifest.seq] = manifest
            for path in manifest.cites:
                self._citing[path].add(manifest.seq)
        first, end = self._hours
        files = tuple(each.path for each in manifest.rejected_files if first <= each.hour < end)
        if files:
            content = manifest.writer if manifest.kind == "files" else ""
            self.found.append(Rejects(manifest.batch_at, files, content))


def last_before(manifests: ManifestLog, at: datetime) -> int:
    """Number of the last manifest committed before `at`; it reads a few, by halving the log."""
    low, high = manifests.expired(), manifests.last()
    while low < high:
        middle = (low + high + 1) // 2
        if manifests.read(middle).committed_at < at:
            low = middle
        else:
            high = middle - 1
    return low


def not_landed(
    store: Store, rejects: Rejects, replays: Iterable[Manifest]
) -> Iterator[pa.RecordBatch]:
    """The rejects that none of the replays has landed, in chunks, in the form of messages.

    Raises:
        LakeError: A file is gone or can't be read.
    """
    landed = _positions(store, _kept_files(store, replays))
    for path in rejects.files:
        with _parquet_of(store, path) as file:
            for chunk in file.iter_batches(CHUNK_ROWS, columns=[*POSITION, "payload"]):
                yield _as_messages(_without(chunk, landed))


def _kept_files(store: Store, replays: Iterable[Manifest]) -> Iterator[str]:
    """Files of the replays, but for those that expired: what they held is too old to land now."""
    replays = list(replays)
    expiry = read_expiry(store, replays[0].event) if replays else None
    first_kept = hour_key(expiry.before) if expiry else ""
    return (file.path for each in replays for file in each.files if file.hour >= first_kept)


def _as_messages(chunk: pa.RecordBatch) -> pa.RecordBatch:
    return pa.record_batch(
        [chunk.column(name) for name in (*POSITION, "payload")],
        names=["topic", "partition", "offset", "value"],
    )


def _without(chunk: pa.RecordBatch, landed: pl.DataFrame) -> pa.RecordBatch:
    """The chunk without the rows at positions that have landed."""
    if landed.is_empty():
        return chunk
    numbered = _frame(chunk).with_row_index("row")
    left = numbered.join(landed, on=POSITION, how="anti", maintain_order="left")
    return chunk.take(pa.array(left["row"].to_numpy()))


def _positions(store: Store, paths: Iterable[str]) -> pl.DataFrame:
    """Where the rows of these files stood in Kafka."""
    found = [pl.DataFrame(schema=_POSITION_TYPES)]
    for path in paths:
        with _parquet_of(store, path) as file:
            found.append(_frame(file.read(columns=POSITION)))
    return pl.concat(found)


def _frame(rows: pa.Table | pa.RecordBatch) -> pl.DataFrame:
    return cast("pl.DataFrame", pl.from_arrow(rows.select(POSITION))).cast(_POSITION_TYPES)


@contextmanager
def _parquet_of(store: Store, path: str) -> Iterator[pq.ParquetFile]:
    """The open file.

    Raises:
        LakeError: It is gone or can't be read.
    """
    try:
        with store.open(path) as opened, pq.ParquetFile(opened) as file:
            yield file
    except (LakeError, OSError, pa.ArrowException) as error:
        raise LakeError(
            f"{path}, which a manifest names, can't be read ({type(error).__name__}): "
            "restore it, then replay again"
        ) from error
