"""What Dagster has of Dataproc: nothing, unless the settings name a region."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from contracts.errors import ConfigurationError
from musicflow_dagster.settings import Settings


@dataclass(frozen=True, slots=True)
class OnDataproc:
    """Jobs that run on Dataproc, and what they work with."""

    jobs: list[dg.JobDefinition] = field(default_factory=list)
    resources: Mapping[str, Any] = field(default_factory=dict)


def dataproc(settings: Settings) -> OnDataproc:
    """Landing on Dataproc, where `settings` name a region of it.

    Raises:
        ConfigurationError: They do, and the packages for it are not installed.
    """
    if not settings.dataproc_region:
        return OnDataproc()
    try:
        # Google's packages are an extra, and take a second to import.
        from musicflow_dagster.automation import dataproc_landing  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "MUSICFLOW_DATAPROC_REGION needs the packages of Google Cloud: "
            "pip install 'musicflow[cloud]'"
        ) from error
    return OnDataproc(
        [dataproc_landing.dataproc_job(settings)],
        {"dataproc": dataproc_landing.dataproc_resource(settings)},
    )
