"""What BigQuery says, as one line that says what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth

from contracts.errors import ConfigurationError, LakeError, MusicFlowError, UnavailableError
from musicflow_dagster.warehouse.bigquery.place import Place

QUOTA_REASONS = frozenset({"quotaExceeded", "rateLimitExceeded", "jobRateLimitExceeded"})
MOMENTARY_REASONS = frozenset(
    {
        "backendError",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "resourceInUse",
        "tableUnavailable",
    }
)
CONCURRENT = "due to concurrent update"
"""Of two statements on one table; the reason that comes with it says the query is invalid."""
FILE_REASONS = frozenset({"invalid", "notFound"})
SCHEMA_DIFFERS = ("schema is not compatible", "Provided Schema")
"""Said of a table that is not as a load wants it: files may be named, and are not to blame."""
LOG_IN = (
    "log in again (`gcloud auth application-default login`), or set "
    "GOOGLE_APPLICATION_CREDENTIALS to the key of a service account"
)
GRANT = (
    "grant roles/bigquery.jobUser on the project, roles/bigquery.dataEditor on the datasets and "
    "roles/storage.objectViewer on the bucket (docs/cloud.md)"
)


class UnreadableFilesError(LakeError):
    """A load job can't read files that it was given: they are gone, or not as they should be."""


class MissingError(ConfigurationError):
    """A dataset or a table does not stand."""


@contextmanager
def told(place: Place, doing: str) -> Iterator[None]:
    """Turn what goes wrong while `doing` something into an error of ours."""
    try:
        yield
    except (api.GoogleAPICallError, api.RetryError, auth.GoogleAuthError) as error:
        raise problem(error, place, doing) from error
    except requests.RequestException as error:
        raise UnavailableError(f"BigQuery does not answer ({doing}): {line_of(error)}") from error


def problem(error: Exception, place: Place, doing: str) -> MusicFlowError:
    """The error that tells what `error` means and what to do."""
    line = line_of(error)
    return (
        _of_credentials(error)
        or _of_the_limit(error, f"({doing}): {line}")
        or _of_the_moment(error, f"({doing}): {line}")
        or _of_the_place(error, place, f"({doing}): {line}")
        or ConfigurationError(f"BigQuery refuses ({doing}): {line}")
    )


def _of_credentials(error: Exception) -> MusicFlowError | None:
    if isinstance(error, auth.DefaultCredentialsError):
        return ConfigurationError(f"there are no credentials for Google Cloud: {LOG_IN}")
    if isinstance(error, auth.RefreshError | api.Unauthorized):
        return ConfigurationError(f"the credentials for Google Cloud have expired: {LOG_IN}")
    return None


def _of_the_limit(error: Exception, what: str) -> MusicFlowError | None:
    """A query that would cost too much; the client takes it for an outage."""
    if "bytesBilledLimitExceeded" in what or "bytesBilledLimitExceeded" in reasons(error):
        return ConfigurationError(
            f"a query would read more than MUSICFLOW_MAXIMUM_BYTES_BILLED {what}"
        )
    return None


def _of_the_moment(error: Exception, what: str) -> MusicFlowError | None:
    """What may be gone when it is tried again."""
    if isinstance(error, api.TooManyRequests) or QUOTA_REASONS & reasons(error):
        return UnavailableError(
            f"a quota of BigQuery is used up, wait or ask Google for more of it {what}"
        )
    if isinstance(error, auth.TransportError | api.RetryError | api.ServerError):
        return UnavailableError(f"BigQuery does not answer {what}")
    if MOMENTARY_REASONS & reasons(error):
        return UnavailableError(f"BigQuery can't do it now, and may in a while {what}")
    if isinstance(error, api.Conflict) or CONCURRENT in what:
        return UnavailableError(f"another job changes the same table {what}")
    return None


def _of_the_place(error: Exception, place: Place, what: str) -> MusicFlowError | None:
    """What somebody has to set, grant or make."""
    if _is_elsewhere(error):
        return ConfigurationError(
            "datasets and bucket must be in one location, and MUSICFLOW_BIGQUERY_LOCATION is "
            f"{place.location} {what}"
        )
    if isinstance(error, api.Forbidden):
        return ConfigurationError(f"permission is missing {what}; {GRANT}")
    if isinstance(error, api.NotFound):
        return MissingError(
            f"it is not there {what}; `musicflow build` makes it in {place.location}, which is "
            "MUSICFLOW_BIGQUERY_LOCATION"
        )
    return None


def _is_elsewhere(error: Exception) -> bool:
    return "different location" in line_of(error).lower()


def reasons(error: Exception) -> set[str]:
    """The reasons that the API gives, in its own words."""
    return {str(each.get("reason")) for each in getattr(error, "errors", None) or [] if each}


def is_about_files(error: api.GoogleAPICallError) -> bool:
    """Whether a load failed because of its files."""
    line = line_of(error)
    if isinstance(error, api.NotFound):
        return "URI" in line or "gs://" in line or "/bigstore/" in line
    return (
        isinstance(error, api.BadRequest)
        and bool(FILE_REASONS & reasons(error))
        and ("Error while reading data" in line or "gs://" in line)
        and not _is_elsewhere(error)
        and not any(each in line for each in SCHEMA_DIFFERS)
    )


def line_of(error: Exception) -> str:
    """The first line of what it says."""
    said = getattr(error, "message", "") or str(error)
    return str(said).strip().splitlines()[0] if str(said).strip() else type(error).__name__
