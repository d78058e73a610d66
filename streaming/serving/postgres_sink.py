"""The stream's way into Postgres: staged by the workers, merged by one transaction here."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

import psycopg
from pyspark import SparkContext

from contracts.errors import UnavailableError
from contracts.events import MUSIC_EVENTS
from contracts.logs import log
from contracts.postgres import PostgresUrl, unavailable
from contracts.suppression import SuppressionList
from streaming.kafka import Held
from streaming.reading import KafkaAccess
from streaming.serving.load import LoadedBatch, commit, is_on_record
from streaming.serving.migrate import ready_connection
from streaming.serving.positions import keep_ends, move_on, read_ends, where_kafka_goes_on
from streaming.serving.sink import Batch, Taken
from streaming.serving.staging import Staged, StagingTask, stage_on_workers

TOPIC = MUSIC_EVENTS.name
MOST_STAGING_BYTES = 256 * 2**20
"""Above this the staging table, of which all rows are dead, is emptied."""


class PostgresSink:
    """Takes the events of `music_events` into the serving database."""

    name = "serving"

    def __init__(
        self, url: PostgresUrl, lateness: timedelta, forgotten: SuppressionList | None = None
    ) -> None:
        """Make ready for the database at `url`; nothing is connected yet."""
        self._url = url
        self._lateness = lateness
        self._forgotten = forgotten
        self._connection: psycopg.Connection | None = None
        self._topic_id: str | None = None

    def open(self, held: Mapping[int, Held], topic_id: str | None) -> Mapping[int, int]:
        """Connect, bring the schema up to date, and say where to go on.

        Raises:
            MusicFlowError: The server is away, or not as it must be.
        """
        self.close()
        self._connection = connection = ready_connection(self._url)
        connection.autocommit = True
        self._topic_id = topic_id
        try:
            with connection.transaction():
                # Left by attempts that were killed: no other than a stream's is ever seen here.
                connection.execute("delete from staging_events")
                reached = read_ends(connection, TOPIC, topic_id)
                ends, missing = where_kafka_goes_on(reached, held)
                if ends != reached:
                    keep_ends(connection, TOPIC, topic_id, ends)
        except psycopg.Error as error:
            raise unavailable(self._url, error) from error
        for partition, count in missing.items():
            log.warning("Kafka no longer holds events that Postgres has not got; the lake may",
                        partition=partition, missing=count, goes_on_at=ends[partition])  # fmt: skip
        return ends

    def take(self, spark: SparkContext, access: KafkaAccess, batch: Batch) -> Taken | None:
        """Stage the batch's events on the workers, then merge them in one transaction.

        Raises:
            MusicFlowError: It was not done; nothing of it stands.
        """
        connection = self._open_connection()
        run = f"{batch.writer}-{batch.planned.number}-{uuid.uuid4().hex[:8]}"
        try:
            if is_on_record(connection, batch.writer, batch.planned.number):
                return None
            task = StagingTask(access, self._url, batch.judgement, run)
            staged = stage_on_workers(spark, task, batch.planned.ranges(TOPIC))
            return self._commit(connection, batch, staged)
        except psycopg.Error as error:
            raise unavailable(self._url, error) from error

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None

    def _commit(
        self, connection: psycopg.Connection, batch: Batch, staged: Sequence[Staged]
    ) -> Taken:
        planned = batch.planned
        rejected = sum(each.rejected for each in staged)
        applied = batch.judgement.suppressions.number
        loaded = LoadedBatch(batch.writer, planned.number, "stream", rejected, applied)
        rows = {each.run: each.accepted for each in staged}
        with connection.transaction():
            done = commit(connection, rows, loaded, self._lateness, self._forgotten)
            move_on(connection, TOPIC, self._topic_id, planned.starts, planned.ends)
        self._tidy(connection)
        return Taken(done.events, done.inserted, rejected, done.last_ts)

    def _tidy(self, connection: psycopg.Connection) -> None:
        """Give back the staging table's room where vacuum may not: a reader's old snapshot lives.

        What is committed in it is ours, and merged; files that are being staged are waited for
        a second, and otherwise left for next time.
        """
        row = connection.execute("select pg_relation_size('staging_events')").fetchone()
        if row is None or row[0] < MOST_STAGING_BYTES:
            return
        try:
            with connection.transaction():
                connection.execute("set local lock_timeout to '1s'")
                connection.execute("truncate staging_events")
        except (psycopg.errors.LockNotAvailable, psycopg.errors.InsufficientPrivilege) as error:
            log.info("the staging table stays as large as it is", bytes=row[0],
                     problem=type(error).__name__)  # fmt: skip

    def _open_connection(self) -> psycopg.Connection:
        if self._connection is None:
            raise UnavailableError(f"Postgres at {self._url.shown} is not connected")
        return self._connection
