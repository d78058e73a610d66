"""What Dagster tells readers of the lake and of its runs: one small record, put whole.

Landing's own records say how it is doing now (`health.py`, `progress.py`). What needs a look at
many manifests, or at Dagster's instance, stands here, so that a dashboard needs neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

import msgspec

from contracts.errors import LakeError
from contracts.lake import REPORT_RECORD
from contracts.store import Store

RunState = Literal["queued", "running", "succeeded", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JudgedDay:
    """What landing read of an event on a UTC day, by the time of its batches."""

    event: str
    day: date
    accepted: int
    rejected: int
    by_reason: Mapping[str, int] = field(default_factory=dict)
    """Rejects by their first reason."""


@dataclass(frozen=True, slots=True)
class ArrivedDay:
    """Rows of an event that happened on a UTC day, and how many of them landed late.

    Late is what landed after its hour was complete; replays and files are never late.
    """

    event: str
    day: date
    rows: int
    late: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run of Dagster's."""

    id: str
    job: str
    state: RunState
    hours: str
    """The hours that it builds, in words; empty if it builds none."""
    began_at: datetime | None
    ended_at: datetime | None
    why: str = ""
    """Of a run that failed: its steps, and the words that our own errors were given."""


@dataclass(frozen=True, slots=True)
class Report:
    """All of it, at `written_at`."""

    written_at: datetime
    judged: tuple[JudgedDay, ...] = ()
    arrived: tuple[ArrivedDay, ...] = ()
    runs: tuple[Run, ...] = ()
    """The last ones, newest first."""


def read_report(store: Store) -> Report | None:
    """The report, or None before Dagster first wrote one.

    Raises:
        LakeError: It cannot be read.
    """
    if not store.exists(REPORT_RECORD):
        return None
    try:
        return msgspec.json.decode(store.read(REPORT_RECORD), type=Report)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the report {REPORT_RECORD} cannot be read: {error}") from error


def write_report(store: Store, report: Report) -> None:
    """Replace the report."""
    store.put(REPORT_RECORD, msgspec.json.encode(report))
