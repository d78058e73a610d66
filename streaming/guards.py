"""What must hold between lake, checkpoint and Kafka before a query may start."""

import json
from collections.abc import Mapping

from contracts.errors import ConfigurationError, ConflictError, LakeError
from streaming.checkpoint import Checkpoint
from streaming.kafka import Held

EARLIEST = -2
"""What Spark reads as the beginning of a partition."""


def starting_offsets(topic: str, ends: Mapping[int, int], held: Mapping[int, Held]) -> str:
    """Where a new checkpoint begins: where the lake ends, and elsewhere at the beginning.

    >>> starting_offsets("t", {0: 7}, {0: Held(0, 9), 1: Held(0, 3)})
    '{"t": {"0": 7, "1": -2}}'
    """
    if not ends:
        return "earliest"
    return json.dumps({topic: {str(each): ends.get(each, EARLIEST) for each in sorted(held)}})


def check_kafka_holds(topic: str, ends: Mapping[int, int], held: Mapping[int, Held]) -> None:
    """Kafka must still hold all that comes after the lake's end.

    Raises:
        LakeError: Messages were deleted before they were landed, or the topic is another.
    """
    for partition, end in sorted(ends.items()):
        there = held.get(partition)
        if there is None or there.end < end:
            shown = "is gone" if there is None else f"ends at offset {there.end}"
            raise LakeError(
                f"{topic}: the lake has partition {partition} up to offset {end}, but in Kafka "
                f"it {shown}: the topic was created anew, or this is another cluster"
            )
        if there.start > end:
            raise LakeError(
                f"{topic}: offsets {end} to {there.start - 1} of partition {partition} were "
                "deleted from Kafka before they were landed: they are lost"
            )


def check_checkpoint(topic: str, checkpoint: Checkpoint, ends: Mapping[int, int]) -> None:
    """A used checkpoint must stand where the lake ends, or at the batch in hand.

    Raises:
        ConfigurationError: The lake lacks batches that the checkpoint holds done.
        ConflictError: The lake has gone on without this checkpoint.
    """
    if checkpoint.is_new():
        return
    done, planned = checkpoint.committed_ends(), checkpoint.planned_ends()
    if not ends or dict(ends) in (done, planned) or not planned:
        if not ends and done != checkpoint.initial_offsets():
            raise _ahead(topic)
        return
    if any(done.get(partition, 0) > end for partition, end in ends.items()):
        raise _ahead(topic)
    raise ConflictError(
        f"{topic}: the lake has gone on without this checkpoint, another one has taken its place: "
        "remove the checkpoint's folder to go on from where the lake ends"
    )


def _ahead(topic: str) -> ConfigurationError:
    return ConfigurationError(
        f"{topic}: the checkpoint is ahead of the lake, whose manifests are missing: restore the "
        "lake, or remove the checkpoint's folder to land again what Kafka still holds"
    )
