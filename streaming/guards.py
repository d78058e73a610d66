"""What must hold between lake, checkpoint and Kafka before a query may start."""

import json
from collections.abc import Iterator, Mapping, Sequence

from contracts.errors import ConfigurationError, ConflictError, LakeError
from contracts.gaps import Hole
from streaming.checkpoint import Checkpoint, PlannedBatch
from streaming.kafka import Held

EARLIEST = -2
"""What Spark reads as the beginning of a partition."""
SHOWN = 3
"""Most holes that an error names one by one."""


def starting_offsets(topic: str, ends: Mapping[int, int], held: Mapping[int, Held]) -> str:
    """Where a new checkpoint begins: where the lake ends, and elsewhere at the beginning.

    >>> starting_offsets("t", {0: 7}, {0: Held(0, 9), 1: Held(0, 3)})
    '{"t": {"0": 7, "1": -2}}'
    """
    if not ends:
        return "earliest"
    return json.dumps({topic: {str(each): ends.get(each, EARLIEST) for each in sorted(held)}})


def reached(ends: Mapping[int, int], checkpoint: Checkpoint) -> dict[int, int]:
    """Where each partition is gone on with: at the lake's end.

    Where nothing of it has landed, that is where the batch in hand begins, if there is one: what
    was planned and is gone is lost like anything else.
    """
    return checkpoint.planned_starts() | dict(ends)


def holes(
    topic: str, ends: Mapping[int, int], held: Mapping[int, Held], *, is_same_topic: bool
) -> Iterator[Hole]:
    """Where Kafka does not hold what comes after the lake's end.

    Args:
        topic: The topic's name.
        ends: Where the lake ends, by partition (or `reached`).
        held: What Kafka holds, by partition.
        is_same_topic: Whether it is the topic that the lake's offsets are of, as far as known.
    """
    for partition, end in sorted(ends.items()):
        there = held.get(partition)
        if there is None:
            yield Hole(topic, partition, end, None, "gone")
        elif there.end < end or not is_same_topic:
            yield Hole(topic, partition, end, there.start, "reset")
        elif there.start > end:
            yield Hole(topic, partition, end, there.start, "deleted")


def check_no_holes(topic: str, found: Sequence[Hole]) -> None:
    """Kafka must still hold all that comes after the lake's end.

    Raises:
        LakeError: Messages were deleted before they were landed, or the topic is another.
    """
    if found:
        raise no_longer_held(topic, found)


def no_longer_held(topic: str, found: Sequence[Hole]) -> LakeError:
    """The error that names these holes, and says what to do."""
    named = "; ".join(str(each) for each in found[:SHOWN])
    others = f"; and {len(found) - SHOWN} partitions more" if len(found) > SHOWN else ""
    return LakeError(
        f"Kafka no longer holds what comes after the lake's end: {named}{others}. Bring the "
        "messages or the right cluster back; or, if they are lost, put that on record and go on "
        f"with `python -m streaming accept-gap --event {topic}`"
    )


def check_goes_forward(topic: str, planned: PlannedBatch) -> None:
    """No partition may end before it begins: offsets are never taken back.

    Raises:
        LakeError: Kafka holds less than what was landed.
    """
    for partition, end in planned.ends.items():
        if end < (start := planned.starts[partition]):
            raise LakeError(
                f"{topic}: partition {partition} of Kafka now ends at offset {end}, but {start} "
                "was reached: the topic was created anew or cut back; start landing again, it "
                "says what is missing and what to do"
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
    if not ends or _stands_at(ends, done) or _stands_at(ends, planned) or not planned:
        if not ends and done != checkpoint.initial_offsets():
            raise _ahead(topic)
        return
    if any(done.get(partition, 0) > end for partition, end in ends.items()):
        raise _ahead(topic)
    raise ConflictError(
        f"{topic}: the lake has gone on without this checkpoint, another one has taken its place: "
        "remove the checkpoint's folder to go on from where the lake ends"
    )


def _stands_at(ends: Mapping[int, int], offsets: Mapping[int, int]) -> bool:
    """Whether the offsets are the lake's ends; partitions of which nothing landed may be new."""
    return all(offsets.get(partition) == end for partition, end in ends.items())


def _ahead(topic: str) -> ConfigurationError:
    return ConfigurationError(
        f"{topic}: the checkpoint is ahead of the lake, whose manifests are missing: restore the "
        "lake, or remove the checkpoint's folder to land again what Kafka still holds"
    )
