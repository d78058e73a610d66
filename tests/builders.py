"""Valid things in one call: events, and lakes as landing would leave them."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from contracts.events import CONTRACT_VERSION, EVENTS, EVENTS_BY_NAME, Event, lake_fields
from contracts.gaps import Gap, Hole
from contracts.lake import (
    LAKE_RECORD,
    batch_folder,
    hour_folder,
    hour_key,
    hour_of,
    rejected_folder,
)
from contracts.manifests import (
    BatchKind,
    DataFile,
    Manifest,
    ManifestLog,
    Measures,
    PartitionRange,
)
from contracts.progress import Progress, write_progress
from contracts.store import FolderStore, Store
from contracts.to_arrow import REJECTED_SCHEMA, accepted_schema

FIRST_HOUR = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, Any]

_BY_TYPE = {"text": "x", "integer": 1, "number": 1.0, "boolean": True}
_VALUES: Row = {
    "session_id": 7, "item_in_session": 0, "level": "free", "auth": "Logged In",
    "city": "Boise", "state": "ID", "zip": "83701", "latitude": 43.6, "longitude": -116.2,
    "user_agent": "Mozilla/5.0 (X11)", "user_id": 42, "first_name": "Ada", "last_name": "Lovelace",
    "gender": "F", "registered_at": datetime(2025, 1, 1, tzinfo=UTC), "tag": None,
    "artist": "Nina Simone", "song": "Sinnerman", "duration_seconds": 622.0, "song_id": "S1",
    "page": "NextSong", "method": "PUT", "status_code": 200, "event_type": "play",
    "position_seconds": 0.0, "device_type": "phone", "region": "ID", "country": "US",
    "unknown_fields": None,
}  # fmt: skip


def row(event: Event, occurred_at: datetime, event_id: str, **changes: Any) -> Row:
    """An accepted row of `event`, without its Kafka position."""
    values = {each.name: _VALUES.get(each.name, _BY_TYPE.get(each.type)) for each in event}
    return values | {"event_id": event_id, "occurred_at": occurred_at} | changes


def listen(hour: int, number: int, **changes: Any) -> Row:
    """A listen in hour `hour` of the test's time, the `number`th."""
    at = FIRST_HOUR + timedelta(hours=hour, seconds=number)
    return row(EVENTS_BY_NAME["listen_events"], at, f"listen-{hour}-{number}", **changes)


def hour_of_listens(hour: int, count: int) -> list[Row]:
    """`count` listens of an hour."""
    return [listen(hour, number) for number in range(count)]


@dataclass
class LakeBuilder:
    """Writes a lake as landing does: Parquet files, then the manifest; progress apart.

    It stands in the folder `root`, or behind another `store`, where `root` only names it.
    """

    root: Path
    store: Store = None
    offsets: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the lake's record."""
        self.store = self.store or FolderStore(self.root)
        self.store.put_if_absent(LAKE_RECORD, f'{{"id": "{self.root.name}"}}'.encode())

    def land(
        self,
        event_name: str,
        rows: Iterable[Row],
        *,
        kind: BatchKind = "stream",
        rejected: Mapping[str, int] | None = None,
        claimed_rows: int | None = None,
        measures: Measures | None = None,
    ) -> Manifest:
        """Commit `rows` as one batch of one Kafka partition.

        A row may bring its own `kafka_offset`; the others continue where the last batch ended.
        `claimed_rows` makes the manifest lie about each file.
        """
        event = EVENTS_BY_NAME[event_name]
        log = ManifestLog(self.store, event_name)
        seq = log.last() + 1
        start = self.offsets.get(event_name, 0)
        landed = [_positioned(each, event_name, start + i) for i, each in enumerate(rows)]
        rejects = dict(rejected or {})
        end = start + len(landed) + sum(rejects.values())
        files = [
            self._file(event, hour, seq, hour_rows, claimed_rows)
            for hour, hour_rows in _by_hour(landed).items()
        ]
        manifest = Manifest(
            event=event_name, seq=seq, kind=kind, writer="test", batch=seq,
            batch_at=_now(), committed_at=_now(), contract_version=CONTRACT_VERSION,
            offsets=() if kind != "stream" else (
                PartitionRange(event_name, 0, start, end, len(landed), sum(rejects.values()), 0),
            ),
            accepted=len(landed), rejected=sum(rejects.values()), rejected_by_reason=rejects,
            files=tuple(files), rejected_files=self._rejects(event, seq, rejects),
            min_occurred_at=min((r["occurred_at"] for r in landed), default=None),
            max_occurred_at=max((r["occurred_at"] for r in landed), default=None),
            measures=measures,
        )  # fmt: skip
        log.append(manifest)
        if kind == "stream":
            self.offsets[event_name] = end
        return manifest

    def accept_gap(self, event_name: str, missing: int, accepted_by: str = "Ada") -> Manifest:
        """Put on record that Kafka lost so many messages after the last that landed."""
        log = ManifestLog(self.store, event_name)
        seq, start = log.last() + 1, self.offsets.get(event_name, 0)
        end = start + missing
        manifest = Manifest(
            event=event_name, seq=seq, kind="gap", writer="gap", batch=seq, batch_at=_now(),
            committed_at=_now(), contract_version=CONTRACT_VERSION,
            offsets=(PartitionRange(event_name, 0, start, end, 0, 0, 0, missing),),
            accepted=0, rejected=0, rejected_by_reason={}, files=(), rejected_files=(),
            gap=Gap(accepted_by, (Hole(event_name, 0, start, end, "deleted"),)),
        )  # fmt: skip
        log.append(manifest)
        self.offsets[event_name] = end
        return manifest

    def catch_up(self, until: datetime, names: Sequence[str] = ()) -> None:
        """Say that landing has committed all that Kafka held at `until`."""
        for name in names or [event.name for event in EVENTS]:
            last = ManifestLog(self.store, name).last()
            held = {0: self.offsets.get(name, 0)}
            write_progress(self.store, Progress(name, until, held, held, last, "test", _now()))

    def _rejects(self, event: Event, seq: int, rejects: Mapping[str, int]) -> tuple[DataFile, ...]:
        reasons = [reason for reason, count in rejects.items() for _ in range(count)]
        if not reasons:
            return ()
        hour = hour_of(_now())
        path = f"{rejected_folder(event.name, hour)}/{batch_folder('test', seq)}/p0-test.parquet"
        rows = [_reject(event, reason, -1 - i) for i, reason in enumerate(reasons)]
        size = self._write(path, rows, REJECTED_SCHEMA)
        return (DataFile(path, hour_key(hour), len(reasons), size),)

    def _file(
        self, event: Event, hour: datetime, seq: int, rows: list[Row], claimed: int | None
    ) -> DataFile:
        folder = f"{hour_folder(event.name, hour)}/{batch_folder('test', seq)}"
        path = f"{folder}/p0-test.parquet"
        size = self._write(path, rows, accepted_schema(event))
        return DataFile(path, hour_key(hour), len(rows) if claimed is None else claimed, size)

    def _write(self, path: str, rows: list[Row], schema: pa.Schema) -> int:
        file = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, schema), file)
        self.store.put(path, file.getvalue())
        return file.tell()


def _reject(event: Event, reason: str, offset: int) -> Row:
    return {
        "kafka_topic": event.name, "kafka_partition": 0, "kafka_offset": offset,
        "payload": b"{", "reasons": [reason], "judged_at": _now(), "contract_version": 1,
    }  # fmt: skip


def _positioned(values: Row, event_name: str, offset: int) -> Row:
    position = {
        "kafka_topic": event_name,
        "kafka_partition": 0,
        "kafka_offset": offset,
        "landed_at": _now(),
    }
    return position | values


def _by_hour(rows: Iterable[Row]) -> dict[datetime, list[Row]]:
    found: dict[datetime, list[Row]] = {}
    for each in rows:
        found.setdefault(hour_of(each["occurred_at"]), []).append(each)
    return found


def _now() -> datetime:
    return datetime(2026, 1, 2, tzinfo=UTC)


def columns_of(event_name: str) -> list[str]:
    """Names of the raw table's columns, in order."""
    return [each.name for each in lake_fields(EVENTS_BY_NAME[event_name])]
