"""The query of one topic: what Spark reads, and what is done with each of its batches."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import Event
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog
from contracts.progress import read_progress
from contracts.store import Store, open_store
from streaming import topic_record
from streaming.attempts import clean
from streaming.checkpoint import Checkpoint
from streaming.committer import Committer, Destination
from streaming.guards import (
    check_checkpoint,
    check_no_holes,
    holes,
    reached,
    starting_offsets,
)
from streaming.hadoop import url_for_spark
from streaming.kafka import Held
from streaming.progress import Lag, ProgressKeeper
from streaming.reading import KafkaAccess
from streaming.settings import LandingSettings
from streaming.stopwatch import Stopwatch
from streaming.tail import LogTail
from streaming.workers import land_on_workers

OnCommit = Callable[[Manifest, Mapping[str, float]], None]
"""Told of each batch that was committed, and of the driver's seconds by phase."""


class StoppingError(Exception):
    """Ends a batch that Spark began after we were asked to stop; it is landed next time."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the messages come from."""

    address: str
    held: Mapping[int, Held]
    """What each partition of the topic holds."""
    topic_id: str | None = None
    """Which topic of this name it is; None if the broker does not say."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a query builds upon: its checkpoint, its log's end, its progress."""

    checkpoint: Checkpoint
    manifests: ManifestLog
    tail: LogTail
    progress: ProgressKeeper


def checked_ground(
    settings: LandingSettings, event: Event, store: Store, lake_id: str, source: Source
) -> Ground:
    """The ground of an event's query; leftovers of earlier attempts are removed.

    Raises:
        MusicFlowError: Lake, checkpoint and Kafka don't fit together; it says what to do.
    """
    folder = settings.checkpoint(event.name)
    checkpoint = Checkpoint(open_store(folder), event.name)
    before = read_progress(store, event.name)
    manifests = ManifestLog(store, event.name)
    tail = LogTail(manifests, hint=before.last_seq if before else 0)
    checkpoint.bind(lake_id, settings.lake)
    is_same = topic_record.is_same_topic(store, event.name, source.topic_id)
    check_no_holes(
        event.name,
        list(holes(event.name, reached(tail.ends, checkpoint), source.held, is_same_topic=is_same)),
    )
    check_checkpoint(event.name, checkpoint, tail.ends)
    topic_record.keep(store, event.name, source.topic_id)
    clean(store, manifests, tail.stream_seq)
    return Ground(checkpoint, manifests, tail, ProgressKeeper(store, event.name, before))


class TopicQuery:
    """One topic's query, from its start to its end."""

    def __init__(
        self,
        settings: LandingSettings,
        event: Event,
        ground: Ground,
        source: Source,
        on_commit: OnCommit,
    ) -> None:
        """Make ready to land `event` on `ground`; nothing is started yet."""
        self.event = event
        self.failure: MusicFlowError | None = None
        self.progress = ground.progress
        self.query: StreamingQuery | None = None
        self._settings = settings
        self._source = source
        self._checkpoint = settings.checkpoint(event.name)
        patience = settings.kafka_patience_seconds
        self._access = KafkaAccess.of(source.address, patience, settings.security)
        self._ground = ground
        self._on_commit = on_commit
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        destination = Destination(
            lake=settings.lake,
            event=event,
            manifests=ground.manifests,
            checkpoint=ground.checkpoint,
            limits=settings.limits,
            buffer_bytes=settings.buffer_mebibytes * 1024 * 1024,
            suppression_key=settings.suppression_key,
        )
        self._committer = Committer(destination, ground.tail, ground.progress.lag)

    @property
    def topic(self) -> str:
        """The topic that is landed."""
        return self.event.name

    @property
    def ends(self) -> Mapping[int, int]:
        """Offsets up to which all is committed."""
        return self._ground.tail.ends

    def lag(self) -> Lag:
        """How far landing is behind Kafka now."""
        return self.progress.lag()

    def start(self, spark: SparkSession, *, once: bool) -> None:
        """Start the query; it runs in Spark's threads.

        Raises:
            UnavailableError: Spark refuses; its log says more.
        """
        every = f"{self._settings.look_seconds} seconds"
        try:
            writer = (
                self._messages(spark, once=once)
                .writeStream.queryName(self.event.name)
                .option("checkpointLocation", url_for_spark(self._checkpoint))
                .foreachBatch(self._land)
            )
            self.query = (
                writer.trigger(availableNow=True) if once else writer.trigger(processingTime=every)
            ).start()
        except (Py4JError, PySparkException) as error:
            raise UnavailableError(
                f"{self.event.name}: Spark did not start the query: see its log in "
                f"{self._settings.spark_home}"
            ) from error
        self._tell_progress()

    def begin_no_more(self) -> None:
        """Let the batch in hand, if there is one, be the last."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop when the batch in hand is committed."""
        self.begin_no_more()
        self._idle.wait()
        if self.query is None:
            return
        try:
            self.query.stop()
        except (Py4JError, PySparkException) as error:
            # Spark waits for Kafka, which may be away; what it would do is not wanted any more.
            log.warning("Spark did not end in time", event_name=self.event.name,
                        problem=type(error).__name__)  # fmt: skip

    def _messages(self, spark: SparkSession, *, once: bool) -> DataFrame:
        offsets = starting_offsets(self.event.name, self._ground.tail.ends, self._source.held)
        options = {
            "startingOffsets": offsets,
            "maxOffsetsPerTrigger": str(self._settings.max_offsets_per_trigger),
        }
        if not once and self._settings.look_seconds < self._settings.trigger_seconds:
            # A batch begins when the trigger's time has come, or at once if it would be full.
            options["minOffsetsPerTrigger"] = options["maxOffsetsPerTrigger"]
            options["maxTriggerDelay"] = f"{self._settings.trigger_seconds}s"
        return kafka_messages(spark, self._settings, self._source.address, self.event.name, options)

    def _land(self, messages: DataFrame, number: int) -> None:
        """What Spark calls for each batch; it plans, and its own reading is never run."""
        self._idle.clear()
        spark = messages.sparkSession.sparkContext
        try:
            if self._stopping.is_set():
                raise StoppingError
            clock = Stopwatch()
            land = partial(land_on_workers, spark, self._access)
            manifest = self._committer.commit(number, land, clock)
            self._tell_progress()
            if manifest is not None:
                self._on_commit(manifest, clock.seconds)
        except MusicFlowError as error:
            self.failure = error
            raise
        finally:
            self._idle.set()

    def _tell_progress(self) -> None:
        ends = self._ground.tail.ends or self._ground.checkpoint.initial_offsets()
        self.progress.committed(ends, self._ground.tail.seq, self._ground.checkpoint.writer())


def kafka_messages(
    spark: SparkSession,
    settings: LandingSettings,
    address: str,
    topic: str,
    options: Mapping[str, str],
) -> DataFrame:
    """A topic as Spark's source plans it; `options` say where it begins, and how large batches are.

    `startingOffsets` is read only where the checkpoint is new.
    """
    of_kafka = settings.security.as_java()
    return (
        spark.readStream.format("kafka")
        .options(
            **{
                "kafka.bootstrap.servers": address,
                "subscribe": topic,
                "failOnDataLoss": "true",
                "groupIdPrefix": "musicflow-landing",
                **options,
                **{f"kafka.{name}": value for name, value in of_kafka.items()},
            }
        )
        .load()
    )
