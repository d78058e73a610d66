"""A batch on Spark's workers: a task per Kafka partition reads it, judges it and writes it."""

from collections.abc import Sequence
from functools import partial

from pyspark import SparkContext, TaskContext

from contracts.errors import MusicFlowError
from streaming.checkpoint import OffsetRange
from streaming.reading import KafkaAccess, chunks_of
from streaming.task import BatchTask, TaskFacts, land_partition


def land_on_workers(
    spark: SparkContext, access: KafkaAccess, task: BatchTask, ranges: Sequence[OffsetRange]
) -> list[TaskFacts]:
    """Land the messages of these ranges; what became of each.

    Raises:
        MusicFlowError: What a worker could not do.
    """
    land = partial(_landed, access, task)
    facts = []
    for outcome in spark.parallelize(ranges, len(ranges)).map(land).collect():
        if isinstance(outcome, MusicFlowError):
            raise outcome
        facts.append(outcome)
    return facts


def _landed(
    access: KafkaAccess, task: BatchTask, wanted: OffsetRange
) -> TaskFacts | MusicFlowError:
    """What became of a range; an error of ours is an answer too, which Spark does not try again."""
    context = TaskContext.get()
    attempt = context.attemptNumber() if context else 0
    try:
        return land_partition(task, wanted, chunks_of(access, wanted), attempt)
    except MusicFlowError as error:
        return error
