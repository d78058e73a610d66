"""Which warehouse the settings name."""

from importlib import import_module
from typing import Any

from contracts.errors import ConfigurationError
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.snapshot import Snapshot
from musicflow_dagster.warehouse.protocol import Publications


def publications_of(settings: Settings) -> Publications:
    """What was published of the warehouse.

    Raises:
        ConfigurationError: What it needs is not installed, or there are no credentials for it.
    """
    if settings.target == "local":
        return Snapshot(settings.snapshot, settings.warehouse)
    opened: Publications = bigquery().publications_of(settings)
    return opened


def bigquery() -> Any:
    """The module that opens a BigQuery warehouse; imported when it is asked for, as it takes long.

    Raises:
        ConfigurationError: It is not installed.
    """
    try:
        return import_module("musicflow_dagster.warehouse.bigquery.opening")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"MUSICFLOW_TARGET=gcp needs what the extra `cloud` brings ({error.name} is missing): "
            "pip install 'musicflow[cloud]'"
        ) from error
