"""The facts that have one row for each raw row of an event."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from contracts.events import (
    AUTH_EVENTS,
    LISTEN_EVENTS,
    MUSIC_EVENTS,
    PAGE_VIEW_EVENTS,
    STATUS_CHANGE_EVENTS,
    Event,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that has one row per raw row of `event`, timed by `time_column`."""

    name: str
    event: Event
    time_column: str


FACTS = (
    Fact("fct_streams", LISTEN_EVENTS, "listened_at"),
    Fact("fct_page_views", PAGE_VIEW_EVENTS, "viewed_at"),
    Fact("fct_auth_attempts", AUTH_EVENTS, "attempted_at"),
    Fact("fct_plan_changes", STATUS_CHANGE_EVENTS, "changed_at"),
    Fact("fct_player_events", MUSIC_EVENTS, "acted_at"),
)


@dataclass(frozen=True, slots=True)
class FactHour:
    """Rows of an hour in raw and in the fact."""

    hour: datetime
    raw_rows: int
    fact_rows: int


def is_whole(fact_hours: Sequence[FactHour]) -> bool:
    """Whether the fact has every raw row of the hours, and no other."""
    return all(each.raw_rows == each.fact_rows for each in fact_hours)
