"""How landing of an event is doing: one small record per event, for whoever watches over it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import msgspec

from contracts.errors import LakeError
from contracts.lake import health_path
from contracts.store import Store

AlertKind = Literal["stalled", "lag_growing", "many_rejects"]
ALERT_KINDS: tuple[AlertKind, ...] = ("stalled", "lag_growing", "many_rejects")
State = Literal["running", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should look at, from `since` on."""

    kind: AlertKind
    since: datetime
    text: str
    """What happened and where to look, in a line."""


@dataclass(frozen=True, slots=True)
class StreamHealth:
    """How landing of one event was doing at `updated_at`.

    A running job writes the record again before `next_by`; if it doesn't, it is gone or frozen.
    """

    event: str
    state: State
    updated_at: datetime
    next_by: datetime
    alerts: tuple[Alert, ...] = field(default=())
    lag_messages: int | None = None
    lag_seconds: float | None = None
    newest_event_at: datetime | None = None
    """Of the last batch."""
    last_seq: int = 0
    """Number of the newest manifest since the job has started; 0 if there is none."""

    def is_silent(self, now: datetime) -> bool:
        """Whether a job that should run has not been heard of in time."""
        return self.state == "running" and now > self.next_by


def read_health(store: Store, event_name: str) -> StreamHealth | None:
    """The event's record, or None before landing first wrote one.

    Raises:
        LakeError: The record cannot be read.
    """
    path = health_path(event_name)
    if not store.exists(path):
        return None
    try:
        return msgspec.json.decode(store.read(path), type=StreamHealth)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise LakeError(f"the health record {path} cannot be read: {error}") from error


def write_health(store: Store, health: StreamHealth) -> None:
    """Replace the event's record."""
    store.put(health_path(health.event), msgspec.json.encode(health))
