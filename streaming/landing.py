"""The landing application: a query per topic, watched until it is done or told to stop."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from contracts.errors import MusicFlowError, UnavailableError
from contracts.events import Event
from contracts.logs import log
from contracts.store import open_store
from streaming import lake_record
from streaming.broker import local_address
from streaming.kafka import Cluster, Held
from streaming.progress import Sample
from streaming.query import Source, TopicQuery
from streaming.session import LOG, spark_session
from streaming.settings import LandingSettings, interval_seconds

SAMPLES_PER_TRIGGER = 4
LOOKS_EVERY = 0.2
"""Seconds between two looks at the queries."""

OpenSession = Callable[[LandingSettings], AbstractContextManager[SparkSession]]
HeldByTopic = Mapping[str, Mapping[int, Held]]


def land(
    settings: LandingSettings,
    events: Sequence[Event],
    stop: threading.Event,
    *,
    once: bool,
    session: OpenSession = spark_session,
) -> None:
    """Land the topics of `events` until `stop` is set, or with `once` until all is landed.

    Args:
        settings: Where from, where to, and how.
        events: Those whose topics are landed.
        stop: Set by whoever wants landing to end after the batch in hand.
        once: Land what Kafka holds now, and end.
        session: Opens the Spark session that is used.

    Raises:
        MusicFlowError: What landing needs is not there, does not fit, or went away.
    """
    began = time.monotonic()
    address = settings.kafka or local_address(settings.broker_home)
    cluster = Cluster(address)
    sampled_at = datetime.now(UTC)
    partitions = _partitions(cluster, events)
    held = cluster.held(partitions)
    store = open_store(settings.lake)
    lake_id = lake_record.claim(store)
    queries = [
        TopicQuery(settings, event, store, lake_id, Source(address, held[event.name]))
        for event in events
    ]
    with session(settings) as spark:
        _start(queries, spark, once=once)
        _take_samples(queries, sampled_at, held)
        log.info("landing", topics=len(queries), lake=settings.lake, kafka=address, once=once,
                 seconds=round(time.monotonic() - began, 1))  # fmt: skip
        sampler = Sampler(cluster, partitions, queries, settings)
        if not once:
            sampler.start()
        try:
            _watch(queries, stop, settings)
        finally:
            sampler.stop()
            for query in queries:
                query.stop()
    log.info("landing stopped", topics=len(queries), seconds=round(time.monotonic() - began, 1))


class Sampler:
    """Asks Kafka several times a trigger what it holds."""

    def __init__(
        self,
        cluster: Cluster,
        partitions: Mapping[str, int],
        queries: Sequence[TopicQuery],
        settings: LandingSettings,
    ) -> None:
        """Tell the answers of `cluster` to the progress of `queries`."""
        self._cluster = cluster
        self._partitions = partitions
        self._queries = queries
        self._seconds = max(1.0, interval_seconds(settings.trigger) / SAMPLES_PER_TRIGGER)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kafka-sampler", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def stop(self) -> None:
        """Stop asking."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._seconds):
            at = datetime.now(UTC)
            try:
                _take_samples(self._queries, at, self._cluster.held(self._partitions))
            except MusicFlowError as error:
                # Progress waits; whether landing can go on is for Spark's queries to say.
                log.warning("progress is not known", problem=str(error))


def _partitions(cluster: Cluster, events: Sequence[Event]) -> dict[str, int]:
    """Partitions of the topics.

    Raises:
        UnavailableError: No broker answers, or a topic does not exist.
    """
    known = cluster.partitions()
    missing = [event.name for event in events if event.name not in known]
    if missing:
        raise UnavailableError(
            f"Kafka at {cluster.bootstrap_servers} has no topic {', '.join(missing)}: create it "
            "with `python -m streaming.broker --topics-only`"
        )
    return {event.name: known[event.name] for event in events}


def _start(queries: Sequence[TopicQuery], spark: SparkSession, *, once: bool) -> None:
    for query in queries:
        query.start(spark, once=once)


def _take_samples(queries: Sequence[TopicQuery], at: datetime, held: HeldByTopic) -> None:
    for query in queries:
        query.progress.sampled(Sample(at, held[query.event.name]))


def _watch(queries: Sequence[TopicQuery], stop: threading.Event, settings: LandingSettings) -> None:
    """Return when all queries have ended well, or `stop` is set.

    Raises:
        MusicFlowError: A query has failed.
    """
    running = list(queries)
    while running and not stop.wait(LOOKS_EVERY):
        for each in list(running):
            if each.query is None or each.query.isActive:
                continue
            running.remove(each)
            _check_ended_well(each, settings)


def _check_ended_well(ended: TopicQuery, settings: LandingSettings) -> None:
    if ended.failure is not None:
        raise ended.failure
    problem = ended.query.exception() if ended.query is not None else None
    if problem is not None:
        first = next((line for line in str(problem).splitlines() if line.strip()), "no word")
        raise UnavailableError(
            f"{ended.event.name}: Spark has stopped: {first[:300]} "
            f"(see {settings.spark_home / LOG})"
        )
