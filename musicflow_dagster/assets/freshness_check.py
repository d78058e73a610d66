"""The check that landing is up: until when all that Kafka held is in the lake.

Dagster's freshness policies know only when rows came. A topic may be silent; landing may not: it
moves `caught_up_until` at every trigger, data or none, and while it doesn't, hours wait.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg

from contracts.events import EVENTS, Event
from contracts.health import read_health
from contracts.progress import read_progress
from contracts.store import Store, open_store
from musicflow_dagster.assets.keys import lake_key
from musicflow_dagster.settings import Settings

CHECK = "landing_is_fresh"
ABOUT = "All that Kafka held lately is in the lake (MUSICFLOW_STALE_MINUTES); otherwise hours wait."


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far landing of an event has come, at a time."""

    caught_up_until: datetime
    is_stopped: bool
    """Somebody stopped landing: it says so itself."""
    now: datetime
    patience: timedelta

    @property
    def is_fresh(self) -> bool:
        """Whether hours need not wait."""
        return self.now - self.caught_up_until <= self.patience

    @property
    def severity(self) -> dg.AssetCheckSeverity:
        """A warning where it is meant to be so."""
        return dg.AssetCheckSeverity.WARN if self.is_stopped else dg.AssetCheckSeverity.ERROR

    @property
    def metadata(self) -> Mapping[str, dg.MetadataValue]:
        """How far, for how long, and what it means."""
        age = self.now - self.caught_up_until
        minutes = round(age / timedelta(minutes=1), 1)
        why = "landing was stopped" if self.is_stopped else "is landing up, is Kafka?"
        says = "hours are built as they end" if self.is_fresh else f"hours wait: {why}"
        return {
            "caught_up_until": dg.MetadataValue.timestamp(self.caught_up_until),
            "minutes_behind": dg.MetadataValue.float(minutes),
            "says": dg.MetadataValue.text(says),
        }


def freshness_of(store: Store, event: Event, settings: Settings, now: datetime) -> Freshness | None:
    """The freshness of an event's lake; None before landing was ever caught up."""
    progress, health = read_progress(store, event.name), read_health(store, event.name)
    if progress is None or progress.caught_up_until is None:
        return None
    is_stopped = health is not None and health.state == "stopped"
    patience = timedelta(minutes=settings.stale_minutes)
    return Freshness(progress.caught_up_until, is_stopped, now, patience)


def freshness_checks(settings: Settings) -> list[dg.AssetChecksDefinition]:
    """The check of each event, for whoever wants to know now."""
    return [_check(settings, event) for event in EVENTS]


def freshness_evaluation(event: Event, freshness: Freshness) -> dg.AssetCheckEvaluation:
    """The same, to be reported from outside a run."""
    return dg.AssetCheckEvaluation(
        asset_key=lake_key(event),
        check_name=CHECK,
        passed=freshness.is_fresh,
        severity=freshness.severity,
        metadata=freshness.metadata,
    )


def _check(settings: Settings, event: Event) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=lake_key(event), name=CHECK, description=ABOUT)
    def landing_is_fresh() -> dg.AssetCheckResult:
        found = freshness_of(open_store(settings.lake), event, settings, datetime.now(UTC))
        if found is None:
            return dg.AssetCheckResult(passed=True, description="landing was never caught up here")
        return dg.AssetCheckResult(
            passed=found.is_fresh, severity=found.severity, metadata=found.metadata
        )

    return landing_is_fresh
