"""Which warehouse the settings name."""

from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.snapshot import Snapshot
from musicflow_dagster.warehouse.protocol import Publications


def publications_of(settings: Settings) -> Publications:
    """What was published of the warehouse."""
    return Snapshot(settings.snapshot, settings.warehouse)
