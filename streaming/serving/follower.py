"""A follower: a query of its own that brings the player's events to a sink, as well as it can.

It runs beside landing and never holds it up. Whatever fails (the sink is away, Kafka, a worker)
ends this query alone; it is started again, after a while, from where the sink says it has come.
So the sink is what counts: a checkpoint that does not fit to it is dropped and made anew.
"""

import threading
import time
from collections.abc import Mapping
from contextlib import suppress

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import MUSIC_EVENTS
from contracts.expiry import read_expiry
from contracts.manifests import ManifestLog
from contracts.store import open_store
from contracts.suppression import SuppressionList
from streaming.checkpoint import Checkpoint, PlannedBatch
from streaming.endings import failure_of_spark
from streaming.guards import starting_offsets
from streaming.hadoop import url_for_spark
from streaming.kafka import Cluster
from streaming.query import StoppingError, kafka_messages
from streaming.reading import KafkaAccess
from streaming.serving.follower_state import FollowerState
from streaming.serving.judged import Judgement
from streaming.serving.sink import Batch, Sink
from streaming.settings import LandingSettings
from streaming.tail import entries_needed

TOPIC = MUSIC_EVENTS.name
MOST_AT_ONCE = 500_000
"""Messages of a batch at most: others who write to the sink wait for its end."""
LOOKS_EVERY = 0.2
SPARK_IS_GONE = (Py4JError, PySparkException, ConnectionError)
"""What calls to Spark raise when its Java has ended."""
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds until a failed attempt is repeated; doubled each time."""
STOPS_WITHIN = 15.0
"""Seconds that the batch in hand has to be finished when landing is told to stop."""


class Follower:
    """Brings `music_events` to a sink, in threads of its own."""

    def __init__(
        self, settings: LandingSettings, cluster: Cluster, sink: Sink, state: FollowerState
    ) -> None:
        """Make ready; nothing is started yet."""
        self.state = state
        self.failure: MusicFlowError | None = None
        """Why it has given up; only where all was to be taken in once."""
        self._settings = settings
        self._cluster = cluster
        self._sink = sink
        self._forgotten = SuppressionList(open_store(settings.lake), settings.suppression_key)
        self._access = KafkaAccess.of(
            cluster.bootstrap_servers, settings.kafka_patience_seconds, settings.security
        )
        self._stopping = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._progressed = False
        self._batch_failure: MusicFlowError | None = None

    @property
    def name(self) -> str:
        """What it is called in metrics and the log."""
        return self._sink.name

    def start(self, spark: SparkSession, *, once: bool) -> None:
        """Begin, and go on until `stop`, or with `once` until all that Kafka holds is taken in."""
        self._thread = threading.Thread(
            target=self._run, args=(spark,), kwargs={"once": once}, name=self.name, daemon=True
        )
        self._thread.start()

    def is_running(self) -> bool:
        """Whether it has not come to its end."""
        return self._thread is not None and self._thread.is_alive()

    def begin_no_more(self) -> None:
        """Let the batch in hand, if there is one, be the last."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop when the batch in hand is done, or without it: it is repeated next time."""
        self.begin_no_more()
        if self._thread is not None:
            self._thread.join(2 * STOPS_WITHIN)

    def _run(self, spark: SparkSession, *, once: bool) -> None:
        wait, began = FIRST_WAIT, time.monotonic()
        while not self._stopping.is_set():
            try:
                self._follow(spark, once=once)
            except (MusicFlowError, *SPARK_IS_GONE) as error:
                problem = _ours(error)
                self.state.failed(problem)
                if self._progressed:
                    wait, began, self._progressed = FIRST_WAIT, time.monotonic(), False
                if once and time.monotonic() - began > self._settings.serving_patience_seconds:
                    self.failure = problem
                    return
                self._stopping.wait(wait)
                wait = min(2 * wait, LONGEST_WAIT)
            else:
                return
            finally:
                self._sink.close()

    def _follow(self, spark: SparkSession, *, once: bool) -> None:
        """One life of the query: it ends well when it is done, or we are told to stop.

        Raises:
            MusicFlowError: It has failed.
        """
        needed = entries_needed(ManifestLog(open_store(self._settings.lake), TOPIC))
        self._forgotten.read(at_least=needed)
        checkpoint = self._checkpoint()
        offsets = self._ground(checkpoint)
        self._batch_failure = None
        query = self._started(spark, checkpoint, offsets, once=once)
        self.state.runs()
        try:
            while query.isActive and not self._stopping.wait(LOOKS_EVERY):
                pass
        finally:
            self._end(query)
        if self._batch_failure is not None:
            raise self._batch_failure
        problem = query.exception()
        if problem is not None and not self._stopping.is_set():
            raise failure_of_spark(self.name, str(problem), self._settings)

    def _ground(self, checkpoint: Checkpoint) -> str:
        """Open the sink; where a new checkpoint begins. One that does not fit is removed."""
        partitions = self._cluster.partitions_of([TOPIC])
        held = self._cluster.held(partitions)[TOPIC]
        ends = self._sink.open(held, self._cluster.topic_ids([TOPIC]).get(TOPIC))
        if not checkpoint.is_new() and not _fits(checkpoint, ends):
            checkpoint.remove()
        return starting_offsets(TOPIC, ends, held)

    def _started(
        self, spark: SparkSession, checkpoint: Checkpoint, offsets: str, *, once: bool
    ) -> StreamingQuery:
        settings = self._settings
        most = min(MOST_AT_ONCE, settings.max_offsets_per_trigger)
        options = {"startingOffsets": offsets, "maxOffsetsPerTrigger": str(most)}
        address = self._cluster.bootstrap_servers

        def take(messages: DataFrame, number: int) -> None:
            self._take(messages, checkpoint, number)

        try:
            writer = (
                kafka_messages(spark, settings, address, TOPIC, options)
                .writeStream.queryName(self.name)
                .option("checkpointLocation", url_for_spark(settings.checkpoint(self.name)))
                .foreachBatch(take)
            )
            every = settings.serving_trigger
            return (
                writer.trigger(availableNow=True) if once else writer.trigger(processingTime=every)
            ).start()
        except (Py4JError, PySparkException) as error:
            raise UnavailableError(
                f"{self.name}: Spark did not start the query: see its log in {settings.spark_home}"
            ) from error

    def _take(self, messages: DataFrame, checkpoint: Checkpoint, number: int) -> None:
        """What Spark calls for each batch; its own reading is never run."""
        self._idle.clear()
        try:
            if self._stopping.is_set():
                raise StoppingError
            began = time.monotonic()
            planned = checkpoint.batch(number)
            if planned.is_empty():
                return
            batch = Batch(checkpoint.writer(), planned, self._judgement(planned))
            taken = self._sink.take(messages.sparkSession.sparkContext, self._access, batch)
            self._progressed = True
            if taken is not None:
                self.state.took(number, taken, round(time.monotonic() - began, 3))
        except MusicFlowError as error:
            self._batch_failure = error
            raise
        finally:
            self._idle.set()

    def _judgement(self, planned: PlannedBatch) -> Judgement:
        limits = self._settings.limits
        expiry = read_expiry(open_store(self._settings.lake), TOPIC)
        return Judgement(planned.at, limits.beside(expiry), self._forgotten.read())

    def _end(self, query: StreamingQuery) -> None:
        self._idle.wait(STOPS_WITHIN)
        with suppress(*SPARK_IS_GONE):
            query.stop()

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(open_store(self._settings.checkpoint(self.name)), TOPIC)


def _fits(checkpoint: Checkpoint, ends: Mapping[int, int]) -> bool:
    """Whether the checkpoint goes on where the sink has come, or repeats its last batch."""
    known = (checkpoint.committed_ends(), checkpoint.planned_ends())
    return bool(ends) and any(each == ends for each in known)


def _ours(error: Exception) -> MusicFlowError:
    if isinstance(error, MusicFlowError):
        return error
    return UnavailableError(f"Spark has ended ({type(error).__name__})")
