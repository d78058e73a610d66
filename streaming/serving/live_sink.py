"""The stream's way into the lake's live counts: the workers read and judge, the driver counts.

One file is the state, with the offsets that it covers: it is replaced whole, and that is the
commit. The counts for readers are made from it, again at the start if we died in between.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from pyspark import SparkContext

from contracts.errors import LakeError, MusicFlowError
from contracts.events import MUSIC_EVENTS, OCCURRED_AT
from contracts.lake import live_state_path
from contracts.live import COUNTS_SCHEMA, LiveCounts, write_live
from contracts.logs import log
from contracts.store import Store
from contracts.suppression import SuppressionList
from streaming.checkpoint import OffsetRange
from streaming.kafka import Held
from streaming.reading import KafkaAccess
from streaming.serving.judged import JudgedRange, Judgement
from streaming.serving.live_state import EVENT_SCHEMA, LiveState
from streaming.serving.positions import where_kafka_goes_on
from streaming.serving.sink import Batch, Taken

PATH = live_state_path(MUSIC_EVENTS.name)
_COVERED = b"covered"


@dataclass(frozen=True, slots=True)
class Covered:
    """What the state holds: the last batch, and where the next begins."""

    writer: str = ""
    batch: int = -1
    ends: Mapping[int, int] = field(default_factory=dict)
    topic_id: str | None = None
    reached: datetime | None = None
    """As in `LiveState`."""


class LiveSink:
    """Keeps the live counts of `music_events` in the lake."""

    name = "live"

    def __init__(
        self, store: Store, lateness: timedelta, forgotten: SuppressionList | None = None
    ) -> None:
        """Make ready for the lake `store`; who is on the list is not counted."""
        self._store = store
        self._lateness = lateness
        self._forgotten = forgotten
        self._covered = Covered()
        self._state = LiveState()

    def open(self, held: Mapping[int, Held], topic_id: str | None) -> Mapping[int, int]:
        """Read the state, and say where to go on.

        Raises:
            LakeError: It cannot be read.
        """
        self._covered, self._state = read_state(self._store)
        if None not in (topic_id, self._covered.topic_id) and topic_id != self._covered.topic_id:
            self._covered = Covered()
        ends, missing = where_kafka_goes_on(self._covered.ends, held)
        self._covered = replace(self._covered, ends=ends, topic_id=topic_id)
        if missing:
            log.warning("Kafka no longer holds events for the live counts",
                        missing=sum(missing.values()))  # fmt: skip
        if ends:
            self._publish()
        return ends

    def take(self, spark: SparkContext, access: KafkaAccess, batch: Batch) -> Taken | None:
        """Count the batch's events.

        Raises:
            MusicFlowError: They cannot be read, or the lake is away.
        """
        planned = batch.planned
        if (self._covered.writer, self._covered.batch) == (batch.writer, planned.number):
            return None
        read = partial(_read, access, batch.judgement)
        ranges = planned.ranges(MUSIC_EVENTS.name)
        frames, rejected = [pl.DataFrame(schema=EVENT_SCHEMA)], 0
        for outcome in spark.parallelize(ranges, len(ranges)).map(read).collect():
            if isinstance(outcome, MusicFlowError):
                raise outcome
            frames.append(pl.DataFrame(pq.read_table(BytesIO(outcome[0]))))
            rejected += outcome[1]
        events = pl.concat(frames)
        return self._count(batch, events, rejected)

    def close(self) -> None:
        """Nothing is held open."""

    def _count(self, batch: Batch, events: pl.DataFrame, rejected: int) -> Taken:
        state, inserted = self._state.with_events(events, self._lateness, batch.planned.at)
        if self._forgotten:
            state = state.without(self._forgotten.read())
        ends = dict(self._covered.ends) | dict(batch.planned.ends)
        covered = replace(self._covered, writer=batch.writer, batch=batch.planned.number, ends=ends)
        write_state(self._store, covered, state)
        self._covered, self._state = covered, state
        self._publish()
        return Taken(len(events), inserted, rejected)

    def _publish(self) -> None:
        write_live(self._store, LiveCounts(self._state.counts, datetime.now(UTC)))


def read_state(store: Store) -> tuple[Covered, LiveState]:
    """What was kept last; an empty state if there is none.

    Raises:
        LakeError: It cannot be read.
    """
    if not store.exists(PATH):
        return Covered(), LiveState()
    try:
        table = pq.read_table(BytesIO(store.read(PATH)))
        covered = msgspec.json.decode((table.schema.metadata or {})[_COVERED], type=Covered)
        rows = pl.DataFrame(table)
        is_open = pl.col("events").is_null()
        return covered, LiveState(
            rows.filter(is_open).select(list(EVENT_SCHEMA)),
            rows.filter(~is_open).select(list(COUNTS_SCHEMA)),
            covered.reached,
        )
    except (pa.ArrowException, msgspec.MsgspecError, pl.exceptions.PolarsError, KeyError) as error:
        raise LakeError(
            f"the live counts' state {PATH} cannot be read: remove it to count anew"
        ) from error


def write_state(store: Store, covered: Covered, state: LiveState) -> None:
    """Replace what is kept, in one file: open events, and the counts of final minutes."""
    rows = pl.concat([state.open, state.final], how="diagonal")
    metadata = {_COVERED: msgspec.json.encode(covered)}
    written = BytesIO()
    table = rows.to_arrow().replace_schema_metadata(metadata)
    pq.write_table(table, written, compression="zstd")
    store.put(PATH, written.getvalue())


def _read(
    access: KafkaAccess, judgement: Judgement, wanted: OffsetRange
) -> tuple[bytes, int] | MusicFlowError:
    """A range's events as Parquet, and how many messages were rejected."""
    judged = JudgedRange(access, judgement, wanted)
    try:
        frames = [_counted(each) for each in judged.tables()]
    except MusicFlowError as error:
        return error
    written = BytesIO()
    pl.concat([pl.DataFrame(schema=EVENT_SCHEMA), *frames]).write_parquet(written)
    return written.getvalue(), judged.rejected


def _counted(rows: pa.Table) -> pl.DataFrame:
    """Accepted rows as they are counted."""
    return pl.DataFrame(rows).select(
        pl.col(OCCURRED_AT.name).dt.truncate("1m").alias("window_start"),
        "event_type",
        "region",
        "user_id",
        pl.col("event_id").hash().alias("event"),
    )
