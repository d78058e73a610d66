"""Gathers what the planner has to know: the lake, what was published, and earlier runs."""

import json
from collections.abc import Iterable
from datetime import datetime

from contracts.errors import ConfigurationError
from contracts.events import EVENTS
from contracts.lake import LAKE_RECORD, parse_hour_key
from contracts.progress import Progress, read_progress
from contracts.store import Store, open_store
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.planner import Known, Rules
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.protocol import Publications


def manifest_index(settings: Settings) -> LakeIndex:
    """The index of the lake's manifests."""
    return LakeIndex(settings.index, open_store(settings.lake))


def require_lake(settings: Settings) -> None:
    """Make sure that the commands speak of a lake, and not of a mistyped path.

    Raises:
        ConfigurationError: Nothing ever landed there.
    """
    if not open_store(settings.lake).exists(LAKE_RECORD):
        raise ConfigurationError(
            f"there is no lake at {settings.lake}: land events first with `python -m streaming`, "
            "or set MUSICFLOW_LAKE or MUSICFLOW_HOME to where it is"
        )


def gather(
    index: LakeIndex,
    publications: Publications,
    refused: Iterable[str] = (),
    since: datetime | None = None,
) -> Known:
    """What is known now of all hours, or of those `since` one.

    `refused` are the hours that runs refused, as JSON of their tags.
    """
    return Known(
        events=tuple(event.name for event in EVENTS),
        landed=index.fingerprints(since),
        built=publications.built_hours(since),
        caught_up_until=caught_up_until(index.store),
        refused=_refused(refused),
        expired_before=max(index.expired_before().values(), default=None),
    )


def progress(store: Store) -> dict[str, Progress | None]:
    """How far landing has come with each event."""
    return {event.name: read_progress(store, event.name) for event in EVENTS}


def caught_up_until(store: Store) -> dict[str, datetime | None]:
    """Per event, the time up to which all that Kafka held has landed; None if never."""
    return {
        name: record.caught_up_until if record else None for name, record in progress(store).items()
    }


def rules(settings: Settings) -> Rules:
    """The planner's rules."""
    return Rules(settings.start, settings.grace, settings.gap_hours, settings.run_hours)


def _refused(tags: Iterable[str]) -> dict[datetime, frozenset[str]]:
    found: dict[datetime, set[str]] = {}
    for tag in tags:
        for hour, content in json.loads(tag).items():
            found.setdefault(parse_hour_key(hour), set()).add(content)
    return {hour: frozenset(contents) for hour, contents in found.items()}
