"""The published tables where they stand in BigQuery: `Tables`, read with queries of their own.

A look at the newest publication costs a query: it is taken once a minute. Answers are kept by
publication, query and parameters, so that a page that is shown again asks for nothing.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from threading import Lock
from typing import Any

import polars as pl
import requests
from google.api_core import exceptions as api
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from contracts.errors import ConfigurationError, MusicFlowError, UnavailableError
from contracts.logs import log
from dashboard.data.cache import FrameCache
from dashboard.data.dialect import to_bigquery
from dashboard.data.tables import Days, NotPublishedError, Published, Value

EMULATOR = "BIGQUERY_EMULATOR_HOST"
"""The standard variable; the client itself goes where it says."""
LOOK_SECONDS = 60.0
QUERY_SECONDS = 60.0
_TYPES = {bool: "BOOL", int: "INT64", float: "FLOAT64", str: "STRING",
          datetime: "TIMESTAMP", date: "DATE"}  # fmt: skip
_COLUMNS: dict[str, pl.DataType] = {
    "STRING": pl.String(),
    "INTEGER": pl.Int64(),
    "INT64": pl.Int64(),
    "FLOAT": pl.Float64(),
    "FLOAT64": pl.Float64(),
    "BOOLEAN": pl.Boolean(),
    "BOOL": pl.Boolean(),
    "DATE": pl.Date(),
    "TIMESTAMP": pl.Datetime("us", "UTC"),
}
_MOMENTARY = (api.ServerError, api.TooManyRequests, api.RetryError, auth.TransportError)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the datasets are: `<prefix>marts` and so on of a project, in a location."""

    project: str
    location: str = "US"
    prefix: str = ""
    maximum_bytes_billed: int | None = None
    """What one query may cost."""

    @classmethod
    def read(cls) -> "Place":
        """What the environment says.

        Raises:
            ConfigurationError: A value is missing, or not of its kind.
        """
        try:
            found = _Environment(**dict[str, Any]())
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            raise ConfigurationError(f"{first['loc'][0]}: {first['msg']}") from error
        return cls(found.project, found.location, found.prefix, found.maximum_bytes_billed)


class _Environment(BaseSettings):
    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    project: str = Field(validation_alias="GOOGLE_CLOUD_PROJECT")
    location: str = Field("US", validation_alias="MUSICFLOW_BIGQUERY_LOCATION")
    prefix: str = Field("", validation_alias="MUSICFLOW_DATASET_PREFIX")
    maximum_bytes_billed: int | None = Field(
        None, gt=0, validation_alias="MUSICFLOW_MAXIMUM_BYTES_BILLED"
    )


class BigQueryMarts:
    """The newest publication in BigQuery; one per process, shared by its sessions."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._cache = FrameCache()
        self._lock = Lock()
        self._looked_at = -LOOK_SECONDS
        self._newest: BigQueryTables | None = None
        with _told():
            self._client = bigquery.Client(
                project=place.project,
                location=place.location,
                credentials=_nobody() if os.environ.get(EMULATOR) else None,
            )

    def newest(self) -> "BigQueryTables":
        """The newest publication, as it was within the last minute.

        Raises:
            NotPublishedError: Nothing was published yet.
            MusicFlowError: BigQuery can't be asked; the message says what to do.
        """
        with self._lock:
            if self._newest is None or time.monotonic() > self._looked_at + LOOK_SECONDS:
                self._newest = BigQueryTables(self._client, self.place, self._cache)
                self._looked_at = time.monotonic()
            return self._newest


class BigQueryTables:
    """One publication's tables, for page views."""

    def __init__(self, client: bigquery.Client, place: Place, cache: FrameCache) -> None:
        self._client = client
        self._place = place
        self._cache = cache
        self._publication = self._look()
        self._names = self._listed()

    @property
    def publication(self) -> Published:
        """Which publication this is."""
        return self._publication

    def has(self, table: str) -> bool:
        """Whether the table `schema.table` is there."""
        return table in self._names

    def rows(self, query: str, within: Days | None = None, /, **parameters: Value) -> pl.DataFrame:
        """Rows of a DuckDB `query`, asked of BigQuery, which prunes by its conditions alone.

        Raises:
            NotPublishedError: A table that it names is not there.
            MusicFlowError: It can't be asked; the message says what to do.
        """
        del within
        key = (self._publication.number, query, tuple(sorted(parameters.items())))
        return self._cache.get(key, lambda: self._ask(query, parameters))

    def _ask(self, query: str, parameters: dict[str, Value]) -> pl.DataFrame:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in parameters.items()],
            maximum_bytes_billed=self._place.maximum_bytes_billed,
            labels={"musicflow": "dashboard"},
        )
        sql = to_bigquery(query, self._place.project, self._place.prefix)
        began = time.perf_counter()
        with _told():
            job = self._client.query(sql, job_config=config, job_id_prefix="musicflow-dashboard-")
            frame = _frame(job.result(timeout=QUERY_SECONDS))
        log.info(
            "asked BigQuery",
            rows=frame.height,
            bytes_billed=job.total_bytes_billed or 0,
            seconds=round(time.perf_counter() - began, 3),
        )
        return frame

    def _look(self) -> Published:
        hours = "select min(hour) as first, max(hour) as last from reconciliation.built_hours"
        publications = (
            "select number, published_at from reconciliation.publications"
            " order by number desc limit 1"
        )
        newest = self._ask(publications, {})
        if newest.is_empty():
            raise NotPublishedError("nothing was published yet")
        number, published_at = newest.row(0)
        first, last = self._ask(hours, {}).row(0)
        return Published(number, published_at.replace(tzinfo=UTC), _aware(first), _aware(last))

    def _listed(self) -> frozenset[str]:
        names: set[str] = set()
        for schema in ("marts", "reporting", "reconciliation"):
            dataset = f"{self._place.project}.{self._place.prefix}{schema}"
            with _told():
                names |= {
                    f"{schema}.{table.table_id}" for table in self._client.list_tables(dataset)
                }
        return frozenset(names)


def _parameter(name: str, value: Value) -> bigquery.ScalarQueryParameter:
    if isinstance(value, datetime):
        value = value.replace(tzinfo=value.tzinfo or UTC)
    return bigquery.ScalarQueryParameter(name, _TYPES.get(type(value), "STRING"), value)


def _frame(rows: bigquery.table.RowIterator) -> pl.DataFrame:
    """The rows with DuckDB's types: times are UTC, and don't say so."""
    schema = {field.name: _COLUMNS.get(field.field_type, pl.Float64()) for field in rows.schema}
    values = [tuple(row) for row in rows]
    frame = pl.DataFrame(values, schema, orient="row", strict=False)
    return frame.with_columns(pl.col(pl.Datetime("us", "UTC")).dt.replace_time_zone(None))


@contextmanager
def _told() -> Iterator[None]:
    """Turn what BigQuery says into an error of ours, which says what to do."""
    try:
        yield
    except (api.GoogleAPICallError, api.RetryError, auth.GoogleAuthError) as error:
        log.warning("BigQuery did not answer", says=str(error).strip().partition("\n")[0])
        raise _problem(error) from error
    except (requests.RequestException, TimeoutError) as error:
        raise UnavailableError("BigQuery does not answer: try again in a while") from error


def _problem(error: Exception) -> MusicFlowError:
    if isinstance(error, api.NotFound):
        return NotPublishedError("a table is not in BigQuery yet: `musicflow build` makes it")
    if "bytesBilledLimitExceeded" in str(error):
        return UnavailableError(
            "this would read more than MUSICFLOW_MAXIMUM_BYTES_BILLED: choose fewer days"
        )
    if isinstance(error, _MOMENTARY):
        return UnavailableError("BigQuery does not answer: try again in a while")
    if isinstance(error, auth.GoogleAuthError | api.Unauthorized | api.Forbidden):
        return ConfigurationError(
            "BigQuery refuses: the dashboard needs roles/bigquery.jobUser on the project, "
            "roles/bigquery.dataViewer on the datasets, and credentials for them"
        )
    return ConfigurationError("BigQuery refuses a query of this page: the log has its words")


def _nobody() -> AnonymousCredentials:
    return AnonymousCredentials()  # type: ignore[no-untyped-call]  # it has no types


def _aware(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None
