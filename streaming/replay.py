"""Rejects judged again: what today's contract accepts is landed once, the rest stays as it is.

The rejects of one landing batch are replayed together, as a batch that cites their files and is
bound to one number of the log. It has read all manifests before that number and leaves out what
replays among them have landed; it is committed at that number or not at all. So no reject lands
twice, whatever runs at once, overlaps, or was mended in between.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.errors import ConfigurationError, ConflictError, LakeError, UnavailableError
from contracts.events import Event
from contracts.expiry import read_expiry
from contracts.lake import LAKE_RECORD
from contracts.logs import log
from contracts.manifests import ManifestLog
from contracts.store import Store, open_store
from contracts.suppression import NO_KEY, SuppressionKey, SuppressionList
from streaming.attempts import clean
from streaming.batch.again import AsMessages, as_messages
from streaming.judge import Judge
from streaming.lake_record import claim
from streaming.limits import Limits
from streaming.rejects import RejectLog, Rejects
from streaming.replay_attempt import ReplayAttempt, ReplayBatch
from streaming.settings import LandingSettings
from streaming.suppress import SuppressingJudge
from streaming.tail import entries_needed

TRIES = 5
"""How often a batch begins again because another took its number."""


@dataclass(slots=True)
class Replayed:
    """How many rejects were judged again, how many of them landed, in how many batches."""

    judged: int = 0
    landed: int = 0
    batches: int = 0


def replay_rejects(
    settings: LandingSettings, events: Sequence[Event], first: datetime, end: datetime
) -> dict[str, Replayed]:
    """Replay the rejects of these events from the hour `first` to before the hour `end`.

    Answers what became of them, by event.

    Raises:
        ConfigurationError: The hours are the wrong way round, or the lake is too new.
        LakeError: There is no lake, or what its manifests name can't be read.
        UnavailableError: The disk is full, or landing commits faster than we do.
    """
    if first >= end:
        raise ConfigurationError("give --from and --to, the first hour and the one to stop before")
    store = open_store(settings.lake)
    if not store.exists(LAKE_RECORD):
        raise LakeError(f"there is no lake in {settings.lake}: give --lake, or land something")
    claim(store)
    replayed = {}
    for event in events:
        limits = settings.limits.beside(read_expiry(store, event.name))
        buffer_bytes = settings.buffer_mebibytes * 2**20
        replayer = Replayer(store, event, limits, buffer_bytes, settings.suppression_key)
        replayed[event.name] = replayer.replay(first, end)
    return replayed


class Replayer:
    """Replays rejects of one event."""

    def __init__(
        self,
        store: Store,
        event: Event,
        limits: Limits,
        buffer_bytes: int,
        suppression_key: SuppressionKey = NO_KEY,
    ) -> None:
        """Judge by today's `event` and `limits`; how late is too late asks the first judgement."""
        self._store = store
        self._event = event
        self._event_name = event.name
        self._longest = limits.max_event_bytes
        self._manifests = ManifestLog(store, event.name)
        self._judge = Judge(event, limits)
        self._buffer_bytes = buffer_bytes
        self._forgotten = SuppressionList(store, suppression_key)

    def replay(self, first: datetime, end: datetime) -> Replayed:
        """Judge again what was rejected from the hour `first` to before the hour `end`.

        Raises:
            LakeError: A manifest or a file that one names can't be read, or the list of forgotten
                users has lost entries.
            UnavailableError: The disk is full, or landing commits faster than we do.
        """
        began = time.monotonic()
        self._forgotten.read(at_least=entries_needed(self._manifests))
        known = RejectLog(self._manifests, first, end)
        clean(self._store, self._manifests, known.stream_seq)
        total = Replayed()
        for rejects in tuple(known.found):
            done = self._replay_batch(known, rejects)
            total.judged += done.judged
            total.landed += done.rows
            total.batches += bool(done.rows)
        log.info("rejects replayed", event_name=self._event_name, rejects=total.judged,
                 landed=total.landed, batches=total.batches,
                 seconds=round(time.monotonic() - began, 2))  # fmt: skip
        return total

    def _reader(self, rejects: Rejects) -> AsMessages | None:
        """What makes messages of rejects, if they are of a file."""
        if not rejects.content:
            return None
        return as_messages(self._store, self._event, rejects.content, self._longest)

    def _replay_batch(self, known: RejectLog, rejects: Rejects) -> ReplayAttempt:
        """Land what passes now of the rejects of one landing batch; the attempt that did."""
        for _ in range(TRIES):
            known.refresh()
            # After the log: an erasure that comes later takes the number that is ours to take.
            suppressions = self._forgotten.read()
            batch = ReplayBatch(
                store=self._store,
                event_name=self._event_name,
                rejects=rejects,
                replays=known.replays_of(rejects),
                after=known.seq,
                as_messages=self._reader(rejects),
                suppressions=suppressions.number,
            )
            attempt = ReplayAttempt(batch, self._buffer_bytes)
            manifest = attempt.write(SuppressingJudge(self._judge, suppressions))
            if manifest is None:
                return attempt
            try:
                self._manifests.append(manifest)
            except ConflictError:
                continue
            finally:
                known.refresh()
                clean(self._store, self._manifests, known.stream_seq)
            return attempt
        raise UnavailableError(
            f"{self._event_name}: other batches were committed {TRIES} times while rejects were "
            "judged: replay again while landing rests, or with a longer MUSICFLOW_TRIGGER"
        )
