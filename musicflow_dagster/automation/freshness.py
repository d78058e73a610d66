"""The sensor that looks whether landing is up, and says so when that changes."""

from datetime import UTC, datetime

import dagster as dg
import msgspec

from contracts.events import EVENTS
from contracts.store import open_store
from musicflow_dagster.assets.freshness_check import freshness_evaluation, freshness_of
from musicflow_dagster.automation.requests import is_ready
from musicflow_dagster.settings import Settings

SECONDS_BETWEEN_TICKS = 60


class Cursor(msgspec.Struct, frozen=True):
    """What was reported last: of each event, whether it was fresh."""

    fresh: dict[str, bool]


def freshness_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that reports the check of an event's lake whenever its answer changes."""

    @dg.sensor(
        name="landing_freshness",
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Looks how far landing has come; says when hours begin to wait for it.",
    )
    def landing_freshness(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not is_ready(settings):
            return dg.SkipReason(f"there is no lake at {settings.lake} yet")
        store, now = open_store(settings.lake), datetime.now(UTC)
        found = {event: freshness_of(store, event, settings, now) for event in EVENTS}
        known = {event: each for event, each in found.items() if each}
        before = msgspec.json.decode(context.cursor or b'{"fresh":{}}', type=Cursor).fresh
        stale = [event.name for event, each in known.items() if not each.is_fresh]
        return dg.SensorResult(
            asset_events=[
                freshness_evaluation(event, each)
                for event, each in known.items()
                if before.get(event.name) != each.is_fresh
            ],
            skip_reason=_reason(stale, len(known)),
            cursor=msgspec.json.encode(
                Cursor({event.name: each.is_fresh for event, each in known.items()})
            ).decode(),
        )

    return landing_freshness


def _reason(stale: list[str], known: int) -> str:
    if not known:
        return "landing was never caught up here"
    return f"hours wait for landing of {', '.join(stale)}" if stale else "landing is fresh"
