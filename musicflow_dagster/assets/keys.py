"""Asset keys by layer, and what all assets of the platform share."""

import dagster as dg

from contracts.events import Event

OWNERS = ["team:data-platform"]
SNAPSHOT = dg.AssetKey(["published", "snapshot"])
FACTS_RECONCILED = dg.AssetKey(["reconciliation", "facts"])


def kafka_key(event: Event) -> dg.AssetKey:
    """The Kafka topic."""
    return dg.AssetKey(["kafka", event.name])


def lake_key(event: Event) -> dg.AssetKey:
    """The accepted rows in the lake."""
    return dg.AssetKey(["lake", event.name])


def rejected_key(event: Event) -> dg.AssetKey:
    """The rejects in the lake."""
    return dg.AssetKey(["rejected", event.name])


def raw_key(event: Event) -> dg.AssetKey:
    """The raw table."""
    return dg.AssetKey(["raw", event.name])
