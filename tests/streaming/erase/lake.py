"""A lake that is landed into by landing's committer, and users who are erased from it."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.erasures import erased_rows
from contracts.events import LISTEN_EVENTS
from contracts.expiry import read_expiry
from contracts.lake import hour_key
from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore, Store, open_store
from contracts.suppression import SuppressionKey, user_hash
from streaming.batch.landing import Destination as FileDestination
from streaming.batch.landing import FileLanding, Landed
from streaming.batch.source import Reading, source_of
from streaming.checkpoint import Checkpoint
from streaming.committer import Committer, Destination
from streaming.erase.user import Erased, erase_user
from streaming.lake_record import claim
from streaming.replay import Replayed, Replayer
from streaming.settings import LandingSettings
from streaming.tail import LogTail
from tests.streaming.conftest import WrittenCheckpoint
from tests.streaming.judging import LIMITS
from tests.streaming.messages import chunk, land, listen
from tests.streaming.rejecting import ALWAYS, TRIAL

ANN = 7_350_219_864_731
"""Who is erased: a number that stands nowhere by chance."""
BOB = 6_120_944_385_517
TOPIC = LISTEN_EVENTS.name
KEY = SuppressionKey("the key of these tests")
NOTHING = chunk()


class CrashError(Exception):
    """Stands for a kill: nothing after it runs."""


class KilledStore(FolderStore):
    """A store whose user is killed at the `n`th write, before it or after it."""

    def __init__(self, root: Path, writes: int, *, after: bool) -> None:
        super().__init__(root)
        self.left = writes
        self.after = after

    def put(self, path: str, data: bytes) -> None:
        self._write(lambda: super(KilledStore, self).put(path, data))

    def put_if_absent(self, path: str, data: bytes) -> bool:
        return self._write(lambda: super(KilledStore, self).put_if_absent(path, data))

    def delete(self, path: str) -> None:
        self._write(lambda: super(KilledStore, self).delete(path))

    def _write(self, write: Callable[[], Any]) -> Any:
        self.left -= 1
        if self.left == 0 and not self.after:
            raise CrashError
        done = write()
        if self.left == 0:
            raise CrashError
        return done


class ErasingLake:
    """A lake of listens, in a folder or a bucket, with all that writes to it."""

    def __init__(self, folder: Path, lake: str = "") -> None:
        self.folder = folder
        self.address = lake or str(folder / "lake")
        self.store = open_store(self.address)
        self.log = ManifestLog(self.store, TOPIC)
        self.end = self.batches = self.files = 0
        self.sent: list[bytes | None] = []
        """Messages by offset of the one partition."""
        self._checkpoint = WrittenCheckpoint(folder / "checkpoint", TOPIC)
        self._checkpoint.begin("w", {0: 0})
        claim(self.store)

    @property
    def settings(self) -> LandingSettings:
        """Of the erasing command."""
        settings = LandingSettings.read(home=self.folder, lake_folder=self.address)
        object.__setattr__(settings, "_suppression_key", KEY.configured)
        return settings

    def land(
        self, *messages: bytes | None, meanwhile: Callable[[], object] = lambda: None
    ) -> Manifest | None:
        """Land messages as the next batch; `meanwhile` is done when its files are written."""
        self.send(*messages)
        return self.commit(meanwhile)

    def send(self, *messages: bytes | None) -> None:
        """Plan the next batch, of these messages."""
        self.sent += messages
        self._checkpoint.plan(self.batches, {0: len(self.sent)})

    def commit(self, meanwhile: Callable[[], object] = lambda: None) -> Manifest | None:
        """Land what was planned, as a job that has just been started."""
        events = iter([meanwhile])

        def run_tasks(task, ranges):
            facts = [
                land(
                    task,
                    chunk(*self.sent[each.start : each.end], first_offset=each.start),
                    partition=each.partition,
                )
                for each in ranges
            ]
            next(events, lambda: None)()
            return facts

        manifest = self.committer().commit(self.batches, run_tasks)
        self.batches += 1
        return manifest

    def committer(self) -> Committer:
        """Landing's, as it is after a start."""
        to = Destination(
            lake=self.address,
            event=LISTEN_EVENTS,
            manifests=self.log,
            checkpoint=Checkpoint(FolderStore(self._checkpoint.folder), TOPIC),
            limits=LIMITS.beside(read_expiry(self.store, TOPIC)),
            buffer_bytes=2**20,
            suppression_key=KEY,
        )
        return Committer(to, LogTail(self.log))

    def replay(self) -> Replayed:
        """Replay all rejects under a contract that allows the level `trial`."""
        return Replayer(self.store, TRIAL, LIMITS, 2**20, KEY).replay(
            ALWAYS[0], ALWAYS[1].replace(year=2900)
        )

    def land_file(self, content: bytes, name: str = "listen_events.csv") -> Landed:
        """Land a file."""
        self.files += 1
        path = self.folder / "in" / f"{self.files}-{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        to = FileDestination(self.address, LIMITS, 2**20, suppression_key=KEY)
        return FileLanding(to, source_of(path, Reading(event=TOPIC))).land()

    def erase(self, user: int = ANN, store: Store | None = None) -> Erased:
        """Erase a user, through `store` if it is given."""
        with patch("streaming.erase.user.open_store", lambda _: store or self.store):
            return erase_user(self.settings, [LISTEN_EVENTS], user, "Ada")

    def manifests(self, kind: str = "") -> list[Manifest]:
        return [each for each in self.log.after(0) if kind in ("", each.kind)]

    def rows(self) -> list[dict[str, Any]]:
        """All accepted rows, without the time at which they landed."""
        return self._read("files", "landed_at")

    def rejects(self) -> list[dict[str, Any]]:
        """All rejects, without the time at which they were judged."""
        return self._read("rejected_files", "judged_at")

    def hash_of(self, user: int) -> str:
        """What stands for a user."""
        return user_hash(KEY.made(), user)

    def check_fences(self) -> None:
        """No batch after an erasure was made with an older list."""
        needed = 0
        for each in self.manifests():
            if each.kind == "erasure":
                needed = max(needed, each.suppressions)
            assert each.suppressions >= needed

    def table(self, path: str) -> pa.Table:
        """Rows of a file."""
        return pq.read_table(BytesIO(self.store.read(path)))

    def names(self, user: int) -> list[str]:
        """Files of the lake in which the user is found: Parquet decoded, and all as bytes."""
        found = []
        for path in self.store.list(""):
            raw = self.store.read(path)
            text = str(self.table(path).to_pylist()) if path.endswith(".parquet") else ""
            if str(user) in text or str(user).encode() in raw:
                found.append(path)
        return found

    def check_sums(self) -> None:
        """Offsets and files hold what manifests say, and nothing else stands."""
        erased = erased_rows(self.manifests())
        for manifest in self.manifests():
            for each in manifest.offsets:
                parts = each.accepted + each.rejected + each.not_data + each.suppressed
                assert parts == each.end - each.start
            if manifest.part:
                part = manifest.part
                parts = part.accepted + part.rejected + part.not_data + part.suppressed
                assert parts == part.end - part.start
            for file in (*manifest.files, *manifest.rejected_files):
                rows = self.table(file.path).num_rows
                assert rows == file.rows - erased.pop(file.path, 0)
        assert not erased
        listed = {path for path in self.store.list("") if not path.startswith("_")}
        named = {f.path for m in self.manifests() for f in (*m.files, *m.rejected_files)}
        assert listed == named

    def _read(self, kind: str, left_out: str) -> list[dict[str, Any]]:
        expiry = read_expiry(self.store, TOPIC)
        first_kept = hour_key(expiry.before) if expiry else ""
        rows = [
            row
            for manifest in self.manifests()
            for file in getattr(manifest, kind)
            if file.hour >= first_kept
            for row in self.table(file.path).drop([left_out]).to_pylist()
        ]
        return sorted(rows, key=lambda row: (row["kafka_topic"], row["kafka_offset"]))


def of(user: int | None, item: int, **fields: object) -> bytes:
    """A listen of a user, `item` of all."""
    return listen(item, hours=item % 3, **{"userId": user, **fields})


def broken(user: int, item: int) -> Sequence[bytes]:
    """Messages of a user that are rejected, each for another reason."""
    quoted = of(user, item, userId=f"{user}", level="trial")
    return [
        of(user, item, level="trial"),
        quoted,
        quoted.replace(b'"userId"', rb'"user\u0049d"').replace(b'": "7', rb'": "\u0037'),
        of(user, item)[:-40],
        of(user, item, userId=float(user), sessionId="x"),
        b"{'user_id': " + str(user).encode() + b",",
        of(user, item, city="x" * 20_000),
    ]


def csv_of(rows: Sequence[bytes], *more: bytes) -> bytes:
    """Messages as lines of a table, and lines of any kind after them."""
    values = [json.loads(each) for each in rows]
    names = list(values[0])
    lines = [",".join(names), *(",".join(str(row[name]) for name in names) for row in values)]
    return "\n".join(lines).encode() + b"\n" + b"".join(each + b"\n" for each in more)


def positions(rows: Sequence[dict[str, Any]]) -> Counter[int]:
    """How often each offset is in rows."""
    return Counter(row["kafka_offset"] for row in rows)
