"""Listeners, with the history of their plan."""

from datetime import datetime

import polars as pl

from tests.dbt_project.reference.keys import UNKNOWN, epoch_milliseconds, surrogate
from tests.dbt_project.reference.staged import Staged

SCHEMA = {
    "user_version_key": pl.String, "user_key": pl.String, "level": pl.String,
    "gender": pl.String, "test_group": pl.String, "location_key": pl.String,
    "registered_on": pl.Date, "last_seen_hour": pl.Datetime("us"),
    "valid_from": pl.Datetime("us"), "valid_to": pl.Datetime("us"), "is_current": pl.Boolean,
}  # fmt: skip
KNOWN = ("gender", "test_group", "location_key", "registered_on")
NOTHING = {
    "gender": None, "test_group": None, "location_key": UNKNOWN, "registered_on": None, "at": None,
}  # fmt: skip
BEGINNING_OF_TIME = datetime(1900, 1, 1)  # noqa: DTZ001  the warehouse stores UTC without a zone


def users(events: Staged) -> pl.DataFrame:
    """One row per listener and time with one plan, and the unknown listener."""
    rows = [_version(UNKNOWN, UNKNOWN, NOTHING, BEGINNING_OF_TIME, None)]
    known = events.events.filter(pl.col("user_key") != UNKNOWN)
    for (user_key,), seen in known.group_by("user_key"):
        rows += _versions(str(user_key), seen.to_dicts())
    return pl.DataFrame(rows, SCHEMA, orient="row")


def _versions(user_key: str, seen: list[dict]) -> list[dict]:
    first_seen = min(each["at"] for each in seen)
    states = sorted((each for each in seen if each["event_name"] != "music_events"), key=_order)
    if not states:
        return [_version(user_key, UNKNOWN, NOTHING, first_seen, None)]
    at_moment = {each["at"]: each["level"] for each in states}
    changes: list[tuple[str, datetime]] = []
    for at, level in at_moment.items():
        if not changes or changes[-1][0] != level:
            changes.append((level, at))
    starts = [first_seen, *(at for _, at in changes[1:])]
    ends = [*starts[1:], None]
    return [
        _version(user_key, level, states[-1], start, end)
        for (level, _), start, end in zip(changes, starts, ends, strict=True)
    ]


def _order(event: dict) -> tuple:
    """Of two plans in one millisecond the later in the visit stands."""
    state_key = surrogate(event["level"], *(event[name] for name in KNOWN))
    return event["at"], event["session_id"], event["item_in_session"], state_key


def _version(user_key: str, level: str, known: dict, start: datetime, end: datetime | None) -> dict:
    own_key = surrogate(user_key, epoch_milliseconds(start))
    seen_at = known["at"]
    return {
        "user_version_key": UNKNOWN if user_key == UNKNOWN else own_key,
        "user_key": user_key, "level": level, **{name: known[name] for name in KNOWN},
        "last_seen_hour": seen_at and seen_at.replace(minute=0, second=0, microsecond=0),
        "valid_from": start, "valid_to": end, "is_current": end is None,
    }  # fmt: skip
