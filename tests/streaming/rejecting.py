"""A lake with rejects that pass a mended contract, and replaying them in one call."""

import itertools
from dataclasses import replace
from datetime import datetime

import pyarrow.parquet as pq

from contracts.events import LISTEN_EVENTS, Event
from contracts.expiry import read_expiry
from contracts.lake import HOUR, hour_key
from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore
from streaming.accounting import account
from streaming.attempts import clean
from streaming.checkpoint import PlannedBatch
from streaming.limits import Limits
from streaming.replay import Replayed, Replayer
from streaming.task import BatchTask

from .judging import LIMITS
from .messages import BATCH_AT, chunk, land

FIRST = BATCH_AT.replace(minute=0)
ALWAYS = (FIRST - 24 * HOUR, FIRST + 24 * HOUR)


def allowing(*levels: str) -> Event:
    """The contract of listens, mended: these levels are allowed as well."""
    fields = [
        replace(each, allowed=(*each.allowed, *levels)) if each.name == "level" else each
        for each in LISTEN_EVENTS
    ]
    return replace(LISTEN_EVENTS, fields=tuple(fields))


TRIAL = allowing("trial")
TRIAL_AND_GOLD = allowing("trial", "gold")


class RejectingLake:
    """A lake in which batches are landed, under the contract of today, and rejects replayed."""

    def __init__(self, store: FolderStore) -> None:
        self.store = store
        self.log = ManifestLog(store, "listen_events")
        self.ends = {0: 0}

    @property
    def end(self) -> int:
        """Offset of the next message of partition 0."""
        return self.ends[0]

    def land(self, *messages: bytes | None, hours: int = 0, partitions: int = 1) -> Manifest:
        """Commit messages as the next batch, judged `hours` after the first, dealt out evenly."""
        seq, starts = (
            self.log.last() + 1,
            {each: self.ends.get(each, 0) for each in range(partitions)},
        )
        dealt = {each: messages[each::partitions] for each in starts}
        self.ends |= {each: starts[each] + len(dealt[each]) for each in starts}
        planned = PlannedBatch(seq, BATCH_AT + hours * HOUR, starts, dict(self.ends))
        task = BatchTask(str(self.store.root), "listen_events", "w", seq, planned.at,
                         seq - 1, "run", self._beside(LIMITS), 2**20)  # fmt: skip
        facts = [
            land(task, chunk(*values, partition=each, first_offset=starts[each]), partition=each)
            for each, values in dealt.items()
            if values
        ]
        manifest = account("listen_events", "w", planned, facts)
        self.log.append(replace(manifest, seq=seq))
        clean(self.store, self.log, seq)
        return self.log.read(seq)

    def replay(
        self,
        event: Event = TRIAL,
        first: datetime = ALWAYS[0],
        end: datetime = ALWAYS[1],
        limits: Limits = LIMITS,
    ) -> Replayed:
        """Replay rejects of these hours under a contract and limits that may be mended."""
        return Replayer(self.store, event, self._beside(limits), 2**20).replay(first, end)

    def replays(self) -> list[Manifest]:
        """The manifests of replays."""
        return [each for each in self.log.after(0) if each.kind == "replay"]

    def replayed_offsets(self) -> list[int]:
        """Offsets of all rows that replays landed, each as often as it landed."""
        urls = [self.store.url(file.path) for each in self.replays() for file in each.files]
        return sorted(
            itertools.chain(*(pq.read_table(url)["kafka_offset"].to_pylist() for url in urls))
        )

    def holds_only_what_manifests_name(self) -> bool:
        """Whether a listing of the lake equals its manifests, but for hours that have expired."""
        records = ("_batches", "_lake", "_expired")
        listed = {path for path in self.store.list("") if not path.startswith(records)}
        expiry = read_expiry(self.store, "listen_events")
        first_kept = hour_key(expiry.before) if expiry else ""
        named = {
            file.path
            for each in self.log.after(0)
            for file in (*each.files, *each.rejected_files)
            if file.hour >= first_kept
        }
        return listed == named

    def _beside(self, limits: Limits) -> Limits:
        return limits.beside(read_expiry(self.store, "listen_events"))
