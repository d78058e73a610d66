"""Landing files in a lake, and what it holds then."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from contracts.manifests import Manifest, ManifestLog
from contracts.store import FolderStore
from streaming.batch.landing import Destination, FileLanding, Landed
from streaming.batch.source import Reading, source_of
from tests.streaming.judging import LIMITS
from tests.streaming.messages import listen

EVENT = "listen_events"


def listens(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Sound listens, each an hour after the other."""
    return [json.loads(listen(each, hours=each % 3, **fields)) for each in range(count)]


def as_ndjson(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_csv(rows: list[dict[str, Any]], *, header: bool = True, **how: Any) -> bytes:
    names = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n", **how)
    if header:
        writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in rows])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


class Inbox:
    """A folder of files, and a lake that they land in."""

    def __init__(self, folder: Path, event: str = EVENT) -> None:
        self.folder = folder
        self.lake = FolderStore(folder / "lake")
        self.log = ManifestLog(self.lake, event)

    def put(self, name: str, content: bytes) -> Path:
        path = self.folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def land(self, path: Path, **reading: Any) -> Landed:
        source = source_of(path, Reading(**reading))
        return FileLanding(Destination(str(self.lake.root), LIMITS, 2**20), source).land()

    def manifests(self) -> list[Manifest]:
        return list(self.log.after(0))

    def rows(self, *columns: str) -> list[dict[str, Any]]:
        """All accepted rows by file and line."""
        rows = [row for each in self.manifests() for row in self._rows(each.files)]
        ordered = sorted(rows, key=lambda row: (row["kafka_topic"], row["kafka_offset"]))
        return [{name: row[name] for name in columns or row} for row in ordered]

    def rejects(self) -> list[tuple[int, bytes, list[str]]]:
        """All rejects: line, what stands there, and why."""
        rows = [row for each in self.manifests() for row in self._rows(each.rejected_files)]
        return sorted((row["kafka_offset"], row["payload"], row["reasons"]) for row in rows)

    def holds_only_what_manifests_name(self) -> bool:
        listed = {path for path in self.lake.list("") if not path.startswith(("_b", "_f"))}
        return listed == {
            file.path for each in self.manifests() for file in (*each.files, *each.rejected_files)
        }

    def _rows(self, files) -> list[dict[str, Any]]:
        return [
            row for each in files for row in pq.read_table(self.lake.url(each.path)).to_pylist()
        ]
