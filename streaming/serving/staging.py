"""A batch on Spark's workers: a task per Kafka partition judges it and copies it to Postgres."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import psycopg
from pyspark import SparkContext, TaskContext

from contracts.errors import MusicFlowError
from contracts.postgres import PostgresUrl, unavailable
from streaming.checkpoint import OffsetRange
from streaming.reading import KafkaAccess
from streaming.serving.judged import JudgedRange, Judgement
from streaming.serving.load import stage

MOST_SECONDS = 360.0
"""After which a task gives a silent server up, so that landing's tasks get the core."""


@dataclass(frozen=True, slots=True)
class StagingTask:
    """What each task of a batch must know; it travels to the workers."""

    access: KafkaAccess
    postgres: PostgresUrl
    judgement: Judgement
    run: str
    """Names this attempt of the batch."""


@dataclass(frozen=True, slots=True)
class Staged:
    """What became of one Kafka partition's messages."""

    run: str
    """Under which name its rows are staged; those of an attempt that died have another."""
    accepted: int
    rejected: int


def stage_on_workers(
    spark: SparkContext, task: StagingTask, ranges: Sequence[OffsetRange]
) -> list[Staged]:
    """Copy the accepted messages of these ranges to the staging table.

    Raises:
        MusicFlowError: What a worker could not do.
    """
    staged = []
    for outcome in spark.parallelize(ranges, len(ranges)).map(partial(_staged, task)).collect():
        if isinstance(outcome, MusicFlowError):
            raise outcome
        staged.append(outcome)
    return staged


def _staged(task: StagingTask, wanted: OffsetRange) -> Staged | MusicFlowError:
    """What became of a range; an error of ours is an answer too, which Spark does not try again."""
    context = TaskContext.get()
    run = f"{task.run}-{wanted.partition}-{context.attemptNumber() if context else 0}"
    judged = JudgedRange(task.access, task.judgement, wanted)
    try:
        with task.postgres.connect() as connection:
            # A table that somebody has locked must not keep the workers, which landing needs too.
            connection.execute("set lock_timeout to '10s'")
            connection.execute("set statement_timeout to '300s'")
            with cut_off_after(MOST_SECONDS, connection):
                accepted = stage(connection, run, judged.tables())
    except psycopg.Error as error:
        return unavailable(task.postgres, error)
    except MusicFlowError as error:
        return error
    return Staged(run, accepted, judged.rejected)


@contextmanager
def cut_off_after(seconds: float, connection: psycopg.Connection) -> Iterator[None]:
    """Cut the connection if the block takes longer: a frozen server never answers.

    What the connection is waiting for then raises psycopg.OperationalError.
    """
    with socket.socket(fileno=os.dup(connection.fileno())) as line:
        timer = threading.Timer(seconds, lambda: line.shutdown(socket.SHUT_RDWR))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
