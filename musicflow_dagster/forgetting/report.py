"""The report of an erasure: what was erased where, and what it cannot reach. Without any id.

It is written after each step, so that it also says how far an erasure came that was cut short.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import LakeError
from contracts.lake import hour_key
from contracts.store import FolderStore
from musicflow_dagster.counted import Counts
from musicflow_dagster.remains import Remaining

Hours = dict[str, int]
"""Rows by the name of the hour."""


class OfEvent(msgspec.Struct):
    """What the lake lost of one event: accepted rows by their hour, rejects by that of judging."""

    hours: Hours = {}
    rejects: Hours = {}
    files: int = 0


class ErasureReport(msgspec.Struct):
    """What was erased, by all runs of the command for this user together."""

    user_hash: str
    requested_at: datetime
    finished_at: datetime | None = None
    """None: it was begun, and has to be run again."""
    lake: dict[str, OfEvent] = {}
    live: int = 0
    """Events in the open minutes of the live counts."""
    postgres: dict[str, int] | None = None
    """Rows by table; None where nothing is served from there."""
    raw: dict[str, Hours] = {}
    """Rows of raw that were deleted, by event and hour."""
    models: dict[str, int] = {}
    """Rows of the models' tables that had the user's pseudonym, before they were rebuilt."""
    rebuilt: list[str] = []
    """Ranges of hours that were built again without the user."""
    snapshot_files: int = 0
    """Files of older publications that were removed."""
    warehouse_bytes: tuple[int, int] | None = None
    """Sizes of the warehouse's file before and after it was written anew."""
    remains: list[Remaining] = []
    format: int = 1

    def add_raw(self, purged: Counts) -> None:
        """Add what was deleted from raw."""
        for (event, hour), rows in purged.items():
            hours = self.raw.setdefault(event, {})
            hours[hour_key(hour)] = hours.get(hour_key(hour), 0) + rows

    def add_models(self, rows: Mapping[str, int]) -> None:
        """Note what the models' tables held; of several looks the one that saw most."""
        for table, count in rows.items():
            self.models[table] = max(count, self.models.get(table, 0))

    def set_lake(self, answer: Mapping[str, Any]) -> None:
        """Take over what landing says: of the lake it adds up all runs itself."""
        self.lake = {
            name: msgspec.convert(about, OfEvent, strict=False)
            for name, about in answer["events"].items()
        }
        self.live += answer["live"]
        if (served := answer["postgres"]) is not None:
            earlier = self.postgres or {}
            self.postgres = {name: rows + earlier.get(name, 0) for name, rows in served.items()}
        self.remains = [Remaining("landing", each, "as it says") for each in answer["remains"]]

    def totals(self) -> Sequence[tuple[str, str, int]]:
        """Rows erased by place and event or table, for people."""
        of_lake = [
            line
            for event, about in sorted(self.lake.items())
            for line in (
                ("lake", event, sum(about.hours.values())),
                ("rejects", event, sum(about.rejects.values())),
            )
        ]
        raw = [("raw", event, sum(hours.values())) for event, hours in sorted(self.raw.items())]
        models = [("models and snapshot", *each) for each in sorted(self.models.items())]
        served = [("postgres", *each) for each in sorted((self.postgres or {}).items())]
        live = ("live counts", "open minutes", self.live)
        return [line for line in (*of_lake, live, *raw, *models, *served) if line[2]]


def read_report(path: Path) -> ErasureReport | None:
    """The report of earlier runs, if there were any.

    Raises:
        LakeError: It cannot be read.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=ErasureReport)
    except FileNotFoundError:
        return None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"{path} cannot be read: remove it ({error})") from error


def write_report(path: Path, report: ErasureReport) -> None:
    """Replace the report."""
    written = msgspec.json.format(msgspec.json.encode(report), indent=1)
    FolderStore(path.parent).put(path.name, written)
