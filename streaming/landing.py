"""The landing application: a query per topic, watched until it is done or told to stop."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime

from pyspark.sql import SparkSession

from contracts.events import Event
from contracts.logs import log
from contracts.store import open_store
from streaming import lake_record
from streaming.broker import local_address
from streaming.endings import failure_of_spark
from streaming.health import served
from streaming.kafka import Cluster, Held
from streaming.monitor import Monitor
from streaming.query import Source, TopicQuery, checked_ground
from streaming.sampler import Sampler, take_samples
from streaming.serving.follower import Follower
from streaming.serving.followers import followers_of
from streaming.session import spark_session
from streaming.settings import LandingSettings

LOOKS_EVERY = 0.2
"""Seconds between two looks at the queries."""

OpenSession = Callable[[LandingSettings], AbstractContextManager[SparkSession]]


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
    cluster = Cluster(address, security=settings.security)
    partitions = cluster.partitions_of([event.name for event in events])
    sampled_at = datetime.now(UTC)
    held = cluster.held(partitions)
    monitor = Monitor(settings, open_store(settings.lake), cluster)
    queries = _prepared(settings, events, cluster, held, monitor)
    sampler = Sampler(cluster, partitions, queries, settings)
    followers = followers_of(settings, events, cluster, monitor)
    with served(settings, monitor), monitor.watching(queries), session(settings) as spark:
        try:
            for query in queries:
                query.start(spark, once=once)
            take_samples(queries, sampled_at, held)
            monitor.look_soon()
            sampler.start()
            log.info("landing", topics=len(queries), lake=settings.lake, once=once,
                     kafka=cluster.bootstrap_servers, seconds=_since(began))  # fmt: skip
            for follower in followers:
                follower.start(spark, once=once)
            _watch(queries, sampler, monitor, stop, settings)
            _await(followers, monitor, stop)
        finally:
            monitor.wind_down()
            sampler.stop()
            _stop(queries, followers)
    log.info("landing stopped", topics=len(queries), seconds=_since(began))


def _prepared(
    settings: LandingSettings,
    events: Sequence[Event],
    cluster: Cluster,
    held: Mapping[str, Mapping[int, Held]],
    monitor: Monitor,
) -> list[TopicQuery]:
    """The queries of the topics, on a lake, checkpoints and offsets that fit together."""
    store = open_store(settings.lake)
    lake_id = lake_record.claim(store)
    ids = cluster.topic_ids([event.name for event in events])
    queries = []
    for event in events:
        source = Source(cluster.bootstrap_servers, held[event.name], ids.get(event.name))
        ground = checked_ground(settings, event, store, lake_id, source)
        queries.append(TopicQuery(settings, event, ground, source, monitor.committed))
    return queries


def _stop(queries: Sequence[TopicQuery], followers: Sequence[Follower]) -> None:
    everything: list[TopicQuery | Follower] = [*queries, *followers]
    for each in everything:
        each.begin_no_more()
    # All at once: each may have to wait for its batch, or for a Kafka that is away.
    with ThreadPoolExecutor(len(everything)) as pool:
        for ended in [pool.submit(each.stop) for each in everything]:
            ended.result()


def _since(began: float) -> float:
    return round(time.monotonic() - began, 1)


def _watch(
    queries: Sequence[TopicQuery],
    sampler: Sampler,
    monitor: Monitor,
    stop: threading.Event,
    settings: LandingSettings,
) -> None:
    """Return when all queries have ended well, or `stop` is set.

    Raises:
        MusicFlowError: A query has failed, or Kafka is away for too long.
    """
    running = list(queries)
    while running and not stop.wait(LOOKS_EVERY):
        monitor.sign_of_life()
        if sampler.failure is not None:
            raise sampler.failure
        for each in list(running):
            if each.query is None or each.query.isActive:
                continue
            running.remove(each)
            _check_ended_well(each, settings)


def _await(followers: Sequence[Follower], monitor: Monitor, stop: threading.Event) -> None:
    """Return when the followers have come to their end too, or `stop` is set.

    Raises:
        MusicFlowError: One has given up; landing itself is done.
    """
    while any(each.is_running() for each in followers) and not stop.wait(LOOKS_EVERY):
        monitor.sign_of_life()
    for each in followers:
        if each.failure is not None:
            raise each.failure


def _check_ended_well(ended: TopicQuery, settings: LandingSettings) -> None:
    if ended.failure is not None:
        raise ended.failure
    problem = ended.query.exception() if ended.query is not None else None
    if problem is not None:
        raise failure_of_spark(ended.event.name, str(problem), settings)
