"""Google Cloud: who we are there, where bucket and datasets stand, what is granted.

It asks what the stations themselves will ask, and what Google tells about grants; an emulator has
no grants, and says nothing of them.
"""

import os
from collections.abc import Callable, Iterator, Sequence

import google.auth
from google.api_core.exceptions import Forbidden, GoogleAPIError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport.requests import Request
from google.cloud import bigquery, storage

from musicflow_dagster.doctor.finding import Finding
from musicflow_dagster.settings import SCHEMAS, Settings

EMULATORS = {"gs": "STORAGE_EMULATOR_HOST", "bigquery": "BIGQUERY_EMULATOR_HOST"}
OBJECTS = tuple(f"storage.objects.{verb}" for verb in ("create", "delete", "get", "list"))
TABLES = tuple(
    f"bigquery.tables.{verb}" for verb in ("delete", "get", "getData", "update", "updateData")
)
_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_LOG_IN = "log in: gcloud auth application-default login, or set GOOGLE_APPLICATION_CREDENTIALS"
_PROBLEMS = (GoogleAPIError, GoogleAuthError, OSError)
_WITHIN = 60.0
"""Seconds that an answer may take."""


def google_cloud(settings: Settings) -> Iterator[Finding]:
    """Everything that a lake in GCS, or a warehouse in BigQuery, needs of Google."""
    in_gcs, in_bigquery = settings.lake.startswith("gs://"), settings.target == "gcp"
    used = [EMULATORS[each] for each, is_used in (("gs", in_gcs), ("bigquery", in_bigquery))
            if is_used]  # fmt: skip
    found = credentials(used)
    yield found
    if not found.is_ok:
        return
    if in_gcs:
        yield from _examined("bucket's grants", lambda: bucket_grants(settings.lake))
    if in_bigquery:
        yield from _examined("bigquery", lambda: warehouse(settings))


def credentials(emulators: Sequence[str]) -> Finding:
    """Whose credentials we use; `emulators` are the variables that would name emulators."""
    named = [os.environ[each] for each in emulators if os.environ.get(each)]
    if len(named) == len(emulators):
        return Finding("credentials", f"none are needed by emulators ({', '.join(named)})")
    try:
        found, _ = google.auth.default(scopes=[_SCOPE])
        found.refresh(Request())  # type: ignore[no-untyped-call]  # Google left it untyped
    except DefaultCredentialsError:
        return Finding("credentials", "Google's default credentials were not found", _LOG_IN)
    except GoogleAuthError as error:
        return Finding("credentials", f"Google refuses them: {_first_line(error)}", _LOG_IN)
    who = getattr(found, "service_account_email", None) or getattr(found, "account", None)
    return Finding("credentials", f"{who or 'a user'}'s, and Google accepts them")


def bucket_grants(lake: str) -> Iterator[Finding]:
    """What is granted on the lake's bucket, as far as Google tells."""
    name = bucket_name(lake)
    asked = _storage().bucket(name)
    if os.environ.get(EMULATORS["gs"]):
        return
    missing = sorted({*OBJECTS} - {*asked.test_iam_permissions(list(OBJECTS), timeout=_WITHIN)})
    if missing:
        yield Finding(
            "bucket's grants",
            f"{', '.join(missing)} are not granted on gs://{name}",
            f"gcloud storage buckets add-iam-policy-binding gs://{name} "
            "--role=roles/storage.objectUser --member=serviceAccount:…",
        )
    else:
        yield Finding("bucket's grants", f"all that is needed on gs://{name}")


def warehouse(settings: Settings) -> Iterator[Finding]:
    """BigQuery: whether jobs may be made, where the datasets are, what is granted on tables."""
    client = _bigquery(settings)
    yield _jobs(client, settings)
    standing = {}
    for schema in sorted(SCHEMAS):
        try:
            standing[schema] = client.get_dataset(settings.dataset(schema), timeout=_WITHIN)
        except NotFound:
            continue
    yield _datasets(settings, standing)
    yield from _places(settings, standing)
    if not os.environ.get(EMULATORS["bigquery"]):
        yield from _table_grants(client, settings, standing)


def bucket_name(lake: str) -> str:
    """The bucket of a lake.

    >>> bucket_name("gs://events/lake")
    'events'
    """
    return lake.partition("://")[2].partition("/")[0]


def can_load(bucket: str, dataset: str) -> bool:
    """Whether BigQuery loads from a bucket in one location into a dataset in another.

    >>> can_load("EUROPE-WEST1", "EU"), can_load("EU", "europe-west1"), can_load("ASIA", "US")
    (True, False, True)
    """
    bucket, dataset = bucket.lower(), dataset.lower()
    return dataset in {"us", bucket} or (dataset == "eu" and bucket.startswith("europe-"))


def _jobs(client: bigquery.Client, settings: Settings) -> Finding:
    """A query that is only planned: it costs nothing, and needs what each job needs."""
    try:
        client.query("select 1", job_config=bigquery.QueryJobConfig(dry_run=True))
    except Forbidden as error:
        return Finding(
            "bigquery",
            f"no job may be made in {settings.project}: {_first_line(error)}",
            f"gcloud projects add-iam-policy-binding {settings.project} "
            "--role=roles/bigquery.jobUser --member=serviceAccount:…",
        )
    return Finding("bigquery", f"jobs may be made in {settings.project}")


def _datasets(settings: Settings, standing: dict[str, bigquery.Dataset]) -> Finding:
    names = [each.dataset_id for each in standing.values()]
    if not names:
        needed = ", ".join(settings.dataset(schema) for schema in sorted(SCHEMAS))
        return Finding(
            "datasets",
            f"none stands yet; the first build makes them ({needed}), which needs "
            "bigquery.datasets.create, or make them beforehand",
        )
    elsewhere = [
        f"{each.dataset_id} is in {each.location}"
        for each in standing.values()
        if each.location and each.location.lower() != settings.bigquery_location.lower()
    ]
    if elsewhere:
        return Finding(
            "datasets",
            f"{'; '.join(elsewhere)}, not in {settings.bigquery_location}",
            "set MUSICFLOW_BIGQUERY_LOCATION to where they are, or make them anew there",
        )
    return Finding("datasets", f"{', '.join(names)} in {settings.bigquery_location}")


def _places(settings: Settings, standing: dict[str, bigquery.Dataset]) -> Iterator[Finding]:
    """Whether BigQuery can load from where the bucket is."""
    raw = standing.get("raw")
    dataset = (raw.location if raw else None) or settings.bigquery_location
    name = bucket_name(settings.lake)
    try:
        found = _storage().get_bucket(name, timeout=_WITHIN)
    except Forbidden:
        yield Finding("location", f"where gs://{name} is may not be read (storage.buckets.get); "
                      f"make sure that {dataset} can load from it")  # fmt: skip
        return
    except NotFound:
        return  # the examination of the bucket says so
    location = found.location or dataset
    if can_load(location, dataset):
        yield Finding("location", f"gs://{name} in {location}, datasets in {dataset}")
    else:
        yield Finding(
            "location",
            f"gs://{name} is in {location}, from where BigQuery does not load into {dataset}",
            "use a bucket and datasets in one location: MUSICFLOW_LAKE, "
            "MUSICFLOW_BIGQUERY_LOCATION",
        )


def _table_grants(
    client: bigquery.Client, settings: Settings, standing: dict[str, bigquery.Dataset]
) -> Iterator[Finding]:
    """What is granted on a table of each dataset; without a table there is nothing to ask."""
    for dataset in standing.values():
        table = next(iter(client.list_tables(dataset, max_results=1, timeout=_WITHIN)), None)
        if table is None or table.table_type != "TABLE":
            continue
        told = client.test_iam_permissions(table.reference, list(TABLES), timeout=_WITHIN)
        missing = sorted({*TABLES} - {*told.get("permissions", [])})
        if missing:
            where = f"{settings.project}.{dataset.dataset_id}"
            yield Finding(
                "grants",
                f"{', '.join(missing)} are not granted on the tables of {where}",
                f"grant roles/bigquery.dataEditor on the dataset {where}",
            )


def _examined(name: str, examine: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """The findings, or one that says that they could not be had."""
    try:
        yield from examine()
    except Forbidden as error:
        yield Finding(name, _first_line(error), "grant what it names (docs/cloud.md, roles)")
    except _PROBLEMS as error:
        yield Finding(name, f"Google does not answer: {_first_line(error)}", "try again later")


def _storage() -> storage.Client:
    if os.environ.get(EMULATORS["gs"]):
        return storage.Client(project=None, credentials=_nobody())
    return storage.Client(project=None)


def _bigquery(settings: Settings) -> bigquery.Client:
    emulated = os.environ.get(EMULATORS["bigquery"])
    return bigquery.Client(
        project=settings.project,
        location=settings.bigquery_location,
        credentials=_nobody() if emulated else None,
    )


def _nobody() -> AnonymousCredentials:
    return AnonymousCredentials()  # type: ignore[no-untyped-call]  # Google left it untyped


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
