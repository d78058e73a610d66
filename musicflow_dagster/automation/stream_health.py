"""Landing's health as an asset check: a sensor follows the records that landing keeps in the lake.

Landing tells of its own alerts (log, metrics, webhook). What it can't tell is that it is gone:
a running job renews its record in time, and this sensor says so when one doesn't.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

import dagster as dg
import msgspec

from contracts.errors import UnavailableError
from contracts.events import EVENTS, Event
from contracts.health import StreamHealth, read_health
from contracts.runbook import see
from contracts.store import Store, open_store
from contracts.webhook import Webhook
from musicflow_dagster.assets.keys import lake_key
from musicflow_dagster.automation.requests import is_ready
from musicflow_dagster.settings import Settings

CHECK = "stream_is_healthy"
SECONDS_BETWEEN_TICKS = 60
ABOUT = "Landing of this topic makes progress, keeps up, rejects little, and is heard of."


class Cursor(msgspec.Struct, frozen=True):
    """What was reported last: problems by event and kind, and which silence was posted."""

    problems: Mapping[str, tuple[str, ...]]
    posted: tuple[str, ...] = ()


def problems_of(health: StreamHealth, now: datetime) -> dict[str, str]:
    """What is wrong with landing of an event, by kind; empty if nothing is."""
    found = {str(each.kind): each.text for each in health.alerts}
    if health.is_silent(now):
        found["silent"] = (
            f"{health.event}: landing has not been heard of since "
            f"{health.updated_at:%Y-%m-%d %H:%M:%S} UTC: is its process alive?"
        )
    elif health.state == "failed":
        found["failed"] = f"{health.event}: landing has ended by itself: see its log"
    return found


def stream_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The check of each event's stream, for whoever wants to know now."""
    return [_check(settings, event) for event in EVENTS]


def _check(settings: Settings, event: Event) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=lake_key(event), name=CHECK, description=ABOUT)
    def stream_is_healthy() -> dg.AssetCheckResult:
        health = read_health(open_store(settings.lake), event.name)
        if health is None:
            return dg.AssetCheckResult(passed=True, description="landing has not run here yet")
        problems = problems_of(health, datetime.now(UTC))
        return dg.AssetCheckResult(
            passed=not problems, severity=_severity(problems), metadata=_metadata(health, problems)
        )

    return stream_is_healthy


def stream_sensor(settings: Settings) -> dg.SensorDefinition:
    """The sensor that reports the check of an event whenever its answer changes."""

    @dg.sensor(
        name="stream_health",
        minimum_interval_seconds=SECONDS_BETWEEN_TICKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Follows how landing is doing; says when it has fallen silent.",
    )
    def stream_health(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        if not is_ready(settings):
            return dg.SkipReason(f"there is no lake at {settings.lake} yet")
        healths = _healths(open_store(settings.lake))
        if not healths:
            return dg.SkipReason("landing has not run here yet")
        now = datetime.now(UTC)
        problems = {name: problems_of(health, now) for name, health in healths.items()}
        before = msgspec.json.decode(context.cursor or b'{"problems":{}}', type=Cursor)
        kinds = {name: tuple(sorted(each)) for name, each in problems.items()}
        changed = [name for name, each in kinds.items() if before.problems.get(name) != each]
        texts = [text for each in problems.values() for text in each.values()]
        for text in texts if changed else ():
            context.log.warning(text)
        posted = _told_of_silence(context, settings.webhook, kinds, before.posted)
        return dg.SensorResult(
            asset_events=[_evaluation(healths[name], problems[name]) for name in changed],
            skip_reason="; ".join(texts) or "landing is healthy",
            cursor=msgspec.json.encode(Cursor(kinds, posted)).decode(),
        )

    return stream_health


def _healths(store: Store) -> dict[str, StreamHealth]:
    found = {event.name: read_health(store, event.name) for event in EVENTS}
    return {name: health for name, health in found.items() if health is not None}


def _evaluation(health: StreamHealth, problems: Mapping[str, str]) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(["lake", health.event]),
        check_name=CHECK,
        passed=not problems,
        severity=_severity(problems),
        metadata=_metadata(health, problems),
    )


def _severity(problems: Mapping[str, str]) -> dg.AssetCheckSeverity:
    """An error where nothing is landed, a warning where it goes on."""
    stands_still = problems.keys() & {"silent", "failed", "stalled"}
    return dg.AssetCheckSeverity.ERROR if stands_still else dg.AssetCheckSeverity.WARN


def _metadata(
    health: StreamHealth, problems: Mapping[str, str]
) -> dict[str, dg.MetadataValue | str | int | float]:
    known: dict[str, dg.MetadataValue | str | int | float | None] = {
        "state": health.state,
        "heard_of": dg.MetadataValue.timestamp(health.updated_at),
        "last_manifest": health.last_seq,
        "lag_messages": health.lag_messages,
        "lag_seconds": health.lag_seconds,
        "newest_event": (
            dg.MetadataValue.timestamp(health.newest_event_at) if health.newest_event_at else None
        ),
        **problems,
    }
    return {name: value for name, value in known.items() if value is not None}


def _told_of_silence(
    context: dg.SensorEvaluationContext,
    webhook: Webhook | None,
    kinds: Mapping[str, tuple[str, ...]],
    posted: tuple[str, ...],
) -> tuple[str, ...]:
    """Post which streams fell silent, or are heard of again; those that people know of now."""
    silent = tuple(name for name, each in kinds.items() if "silent" in each)
    if webhook is None or silent == posted:
        return posted
    names = ", ".join(silent)
    text = "landing is heard of again"
    if silent:
        text = f"landing is not heard of: {names} {see('silent')}"
    try:
        webhook.post(f"MusicFlow: {text}")
    except UnavailableError as error:
        context.log.warning(str(error))
        return posted
    return silent
