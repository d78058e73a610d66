"""What eventsim writes, ours and the classic one, as landing leaves it in the raw tables."""

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from contracts.events import EVENTS, Event, Field
from contracts.identity import derived_event_id
from eventsim.__main__ import main as eventsim
from streaming.regions import REGION_OF_STATE
from streaming.user_agents import classes_of
from tests.builders import Row

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def simulated(folder: Path, *options: str) -> dict[str, list[Row]]:
    """The raw rows of a run of eventsim with these options."""
    folder.mkdir(exist_ok=True)
    assert eventsim([*options, "--output", str(folder)]) == 0
    return {event.name: list(landed(event, folder)) for event in EVENTS}


def landed(event: Event, folder: Path) -> Iterator[Row]:
    """The rows of an event's file; each identity once."""
    seen: set[str] = set()
    [file] = folder.glob(f"{event.name}.json*")
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = _landed(event, json.loads(line))
            if row["event_id"] not in seen:
                seen.add(row["event_id"])
                yield row


def _landed(event: Event, sent: dict[str, Any]) -> Row:
    row = {field.name: _typed(field, sent.get(field.wire_name)) for field in event}
    row["event_id"] = row["event_id"] or derived_event_id(event, row)
    row["home_region"] = REGION_OF_STATE.get(row.get("state") or row.get("region") or "")
    if "user_agent" in row:
        told = classes_of(row["user_agent"])
        row |= {
            each: getattr(told, each) for each in ("device_type", "operating_system", "browser")
        }
    return row


def _typed(field: Field, value: Any) -> Any:
    if value is None:
        return None
    if field.type == "timestamp":
        return EPOCH + timedelta(milliseconds=value)
    return float(value) if field.type == "number" else value
