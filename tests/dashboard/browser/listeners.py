"""A few days of simulated listeners whose songs, places and devices have hostile names."""

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.builders import Row
from tests.dashboard.browser import hostile
from tests.dbt_project.simulated import simulated

Raw = dict[str, list[Row]]

FIRST_DAY = datetime(2025, 12, 29, tzinfo=UTC)
"""A Monday, so that the days touch two years and one ISO week."""
END = datetime(2026, 1, 2, tzinfo=UTC)
LISTENERS = 90
HOSTILE_EVERY = 9
"""One listener of so many comes from a place, or has a device, with a hostile name."""


def listeners(folder: Path) -> Raw:
    """The accepted rows of each topic; the most played songs have the hostile names."""
    raw = simulated(
        folder,
        *("--nusers", str(LISTENERS), "--seed", "7", "--growth-rate", "20"),
        *("--start-time", f"{FIRST_DAY:%Y-%m-%dT%H:%M:%S}"),
        *("--end-time", f"{END:%Y-%m-%dT%H:%M:%S}"),
    )
    rename = _renaming(raw)
    return {
        name: [_spoilt(row, _PLACES.get(name, _HOME), rename) for row in rows]
        for name, rows in raw.items()
    }


def _renaming(raw: Raw) -> Callable[[Row], Row]:
    """What gives the songs heard most hostile titles, and some of them hostile artists."""
    plays = Counter((row["artist"], row["song"]) for row in raw["listen_events"])
    favourites = sorted(plays, key=lambda song: (-plays[song], song))
    names = list(hostile.HOSTILE_NAMES.values())
    pairs = zip(favourites, names, [*names[3:], *names[:3]], strict=False)
    renamed = {song: {"song": title, "artist": artist} for song, title, artist in pairs}
    return lambda row: renamed.get((row.get("artist"), row.get("song")), {})


def _spoilt(row: Row, place: Row, rename: Callable[[Row], Row]) -> Row:
    spoilt = row | rename(row)
    if (row.get("user_id") or 0) % HOSTILE_EVERY:
        return spoilt
    return spoilt | {name: value for name, value in place.items() if row.get(name) is not None}


_HOME: Row = {
    "state": hostile.HOSTILE_STATE,
    "city": hostile.HOSTILE_CITY,
    "gender": hostile.HOSTILE_GENDER,
    "tag": hostile.HOSTILE_TAG,
    "user_agent": hostile.HOSTILE_NAMES["vega"],
}
_PLACES: dict[str, Row] = {
    "music_events": {
        "country": hostile.HOSTILE_COUNTRY,
        "region": hostile.HOSTILE_STATE,
        "device_type": hostile.HOSTILE_DEVICE,
    },
}
