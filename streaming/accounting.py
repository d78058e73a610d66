"""The account of a batch: every offset is an accepted row, a reject, suppressed, or no data."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from contracts.errors import LakeError
from contracts.events import CONTRACT_VERSION
from contracts.manifests import Manifest, Measures, PartitionRange
from streaming.checkpoint import PlannedBatch
from streaming.delays import merged, quantile
from streaming.progress import Lag
from streaming.stopwatch import summed
from streaming.task import TaskFacts

UNNUMBERED = 0


def account(topic: str, writer: str, planned: PlannedBatch, facts: Sequence[TaskFacts]) -> Manifest:
    """The manifest of a batch, without its number and time of commit, which come last.

    Raises:
        LakeError: The facts can't be true; nothing may be committed.
    """
    reasons: Counter[str] = Counter()
    for each in facts:
        reasons.update(each.rejected_by_reason)
    first, last = _span(facts)
    return Manifest(
        event=topic,
        seq=UNNUMBERED,
        kind="stream",
        writer=writer,
        batch=planned.number,
        batch_at=planned.at,
        committed_at=planned.at,
        contract_version=CONTRACT_VERSION,
        offsets=_ranges(topic, planned, facts),
        accepted=sum(each.accepted for each in facts),
        rejected=sum(each.rejected for each in facts),
        rejected_by_reason=dict(sorted(reasons.items())),
        files=tuple(file for each in facts for file in each.files),
        rejected_files=tuple(file for each in facts for file in each.rejected_files),
        min_occurred_at=first,
        max_occurred_at=last,
        rows_with_unknown_fields=sum(each.rows_with_unknown_fields for each in facts),
        enrichment_unknown=_unknown(facts),
        suppressed=sum(each.suppressed for each in facts),
    )


def measures(facts: Sequence[TaskFacts], seconds: Mapping[str, float], lag: Lag) -> Measures:
    """How the batch went that these facts are of; `seconds` are the driver's, by phase."""
    delays = merged(each.delays for each in facts)
    return Measures(
        bytes_in=sum(each.bytes_in for each in facts),
        seconds=seconds,
        task_seconds=summed(each.seconds for each in facts),
        lag_messages=lag.messages,
        lag_seconds=lag.seconds,
        delay_p50_seconds=quantile(delays, 0.5),
        delay_p95_seconds=quantile(delays, 0.95),
    )


def _unknown(facts: Sequence[TaskFacts]) -> dict[str, int]:
    """Rows by derived column that could not be told, all columns named."""
    total: Counter[str] = Counter()
    for each in facts:
        total.update(each.enrichment_unknown)
    return dict(total)


def _span(facts: Sequence[TaskFacts]) -> tuple[datetime | None, datetime | None]:
    """The first and the last event time; None where nothing was accepted."""
    first = [each.min_occurred_at for each in facts if each.min_occurred_at]
    last = [each.max_occurred_at for each in facts if each.max_occurred_at]
    return min(first, default=None), max(last, default=None)


def _ranges(
    topic: str, planned: PlannedBatch, facts: Sequence[TaskFacts]
) -> tuple[PartitionRange, ...]:
    """What became of each partition's offsets.

    Raises:
        LakeError: Something else was read than what was planned, or more came back than there is.
    """
    read = sorted((each.partition, each.start, each.end) for each in facts)
    wanted = [(each.partition, each.start, each.end) for each in planned.ranges(topic)]
    if read != wanted:
        raise LakeError(f"{topic}: offsets were read that were not planned, or planned and not "
                        "read: nothing was committed")  # fmt: skip
    by_partition = {each.partition: each for each in facts}
    ranges = []
    for partition in sorted(planned.ends):
        start, end = planned.starts[partition], planned.ends[partition]
        fact = by_partition.get(partition, TaskFacts(partition, start, end))
        not_data = end - start - fact.accepted - fact.rejected - fact.suppressed
        if not_data < 0:
            raise LakeError(
                f"{topic}: partition {partition} gave {-not_data} messages more than its offsets "
                f"{start} to {end} hold: nothing was committed"
            )
        ranges.append(
            PartitionRange(
                *(topic, partition, start, end, fact.accepted, fact.rejected, not_data),
                suppressed=fact.suppressed,
            )
        )
    return tuple(ranges)
