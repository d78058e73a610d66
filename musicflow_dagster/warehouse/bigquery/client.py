"""The connection to BigQuery: Google's by default, an emulator's where the environment says so."""

import os

from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import bigquery

from musicflow_dagster.warehouse.bigquery.errors import told
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.bigquery.place import Place

EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""The standard variable; the client itself goes where it says."""


def connect(place: Place, origin: str = "musicflow") -> Jobs:
    """Jobs in `place`, whose ids begin with `origin`; nothing is asked for yet.

    Raises:
        ConfigurationError: There are no credentials.
    """
    limits = bigquery.QueryJobConfig(maximum_bytes_billed=place.maximum_bytes_billed)
    with told(place, "connecting"):
        client = bigquery.Client(
            project=place.project,
            location=place.location,
            credentials=_nobody() if os.environ.get(EMULATOR) else None,
            default_query_job_config=limits,
        )
    return Jobs(client, place, origin)


def _nobody() -> Credentials:
    return AnonymousCredentials()  # type: ignore[no-untyped-call]  # it has no types
