"""Accepting that messages are lost: an operator's word, put on record, after which landing goes on.

Nothing of this happens by itself. Landing refuses to start where Kafka no longer holds what comes
after the lake's end; the operator looks, and accepts. The gap takes the next number of the log,
so that the offsets of all batches and gaps follow each other, and reconciliation shows it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.errors import ConflictError, LakeError
from contracts.events import CONTRACT_VERSION, Event
from contracts.gaps import Gap, Hole
from contracts.lake import LAKE_RECORD
from contracts.logs import log
from contracts.manifests import Manifest, ManifestLog, PartitionRange
from contracts.store import Store, open_store
from streaming import lake_record, topic_record
from streaming.broker import local_address
from streaming.checkpoint import Checkpoint
from streaming.guards import holes, reached
from streaming.kafka import Cluster, Held
from streaming.settings import LandingSettings
from streaming.tail import LogTail

WRITER = "gap"


def accept_gaps(
    settings: LandingSettings,
    events: Sequence[Event],
    accepted_by: str,
    *,
    really: bool,
    show: Callable[[str], None],
) -> None:
    """Show what Kafka no longer holds of these events; with `really`, put it on record as lost.

    Args:
        settings: Where the lake, the checkpoints and Kafka are.
        events: Those to look at.
        accepted_by: Who answers for it.
        really: Write the records; otherwise nothing is changed.
        show: Tells the operator a line.

    Raises:
        LakeError: There is no lake, or one of its records can't be read.
        ConflictError: Something landed meanwhile; nothing was accepted for that event.
        UnavailableError: No broker answers, or a topic does not exist.
    """
    store = open_store(settings.lake)
    if not store.exists(LAKE_RECORD):
        raise LakeError(f"there is no lake in {settings.lake}: give --lake, or land something")
    lake_id = lake_record.claim(store)
    address = settings.kafka or local_address(settings.broker_home)
    cluster = Cluster(address, security=settings.security)
    partitions = cluster.partitions_of([event.name for event in events])
    held, ids = cluster.held(partitions), cluster.topic_ids(partitions)
    for event in events:
        topic = Topic(event.name, held[event.name], ids.get(event.name))
        tail = LogTail(ManifestLog(store, event.name))
        checkpoint = Checkpoint(open_store(settings.checkpoint(event.name)), event.name)
        ends = reached(tail.ends, checkpoint)
        is_same = topic_record.is_same_topic(store, event.name, topic.topic_id)
        found = holes(event.name, ends, topic.held, is_same_topic=is_same)
        gap = Gap(accepted_by, tuple(found))
        for hole in gap.holes:
            show(str(hole))
        if gap.holes and really:
            checkpoint.bind(lake_id, settings.lake)
            manifest = gap_manifest(event.name, tail.seq, ends, gap, suppressions=tail.needed)
            _accept(store, manifest, topic)
            checkpoint.remove()  # it ends before the gap; a new one begins after it
        show(f"{event.name}: {_outcome(gap, really=really)}")


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as Kafka has it now."""

    name: str
    held: Mapping[int, Held]
    topic_id: str | None


def gap_manifest(
    event_name: str, after: int, ends: Mapping[int, int], gap: Gap, *, suppressions: int = 0
) -> Manifest:
    """The record with the number that follows: what is missing, and where landing goes on.

    Args:
        event_name: Whose it is.
        after: Number of the log's last manifest.
        ends: How far each partition has come.
        gap: What is missing.
        suppressions: Entries of the suppression list that the log knows of: the batch that knew
            may expire.
    """
    at = datetime.now(UTC)
    open_at = {hole.partition: hole for hole in gap.holes}
    ranges = [
        _range(event_name, partition, end, open_at.get(partition))
        for partition, end in sorted(ends.items())
    ]
    return Manifest(
        event=event_name,
        seq=after + 1,
        kind="gap",
        writer=WRITER,
        batch=after + 1,
        batch_at=at,
        committed_at=at,
        contract_version=CONTRACT_VERSION,
        offsets=tuple(each for each in ranges if each is not None),
        accepted=0,
        rejected=0,
        rejected_by_reason={},
        files=(),
        rejected_files=(),
        gap=gap,
        suppressions=suppressions,
    )


def _range(topic: str, partition: int, end: int, hole: Hole | None) -> PartitionRange | None:
    """From the lake's end to where landing goes on; None for a partition that is no more."""
    if hole is None:
        return PartitionRange(topic, partition, end, end, 0, 0, 0)
    if hole.resumes_at is None:
        return None
    missing = hole.missing or 0
    start = hole.resumes_at - missing
    return PartitionRange(topic, partition, start, hole.resumes_at, 0, 0, 0, missing)


def _outcome(gap: Gap, *, really: bool) -> str:
    if not gap.holes:
        return "nothing is missing"
    if not really:
        return "nothing was changed; --yes accepts that this is lost"
    return f"accepted by {gap.accepted_by}; landing goes on from what Kafka holds"


def _accept(store: Store, manifest: Manifest, topic: Topic) -> None:
    """Put the gap on record, and that from now on the offsets are of this topic."""
    try:
        ManifestLog(store, topic.name).append(manifest)
    except ConflictError as error:
        raise ConflictError(
            f"{topic.name}: another batch was committed meanwhile: stop landing, and look again"
        ) from error
    topic_record.keep(store, topic.name, topic.topic_id)
    log.warning("gap accepted", event_name=topic.name, manifest=manifest.seq,
                missing=sum(each.missing for each in manifest.offsets),
                partitions=len(manifest.gap.holes if manifest.gap else ()))  # fmt: skip
