"""Jobs in BigQuery: named by what they are for, never twice the same, their cost counted."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from google.api_core import exceptions as api
from google.api_core.retry import Retry
from google.cloud import bigquery
from google.cloud.bigquery.retry import DEFAULT_RETRY

from musicflow_dagster.warehouse.bigquery.errors import (
    MissingError,
    UnreadableFilesError,
    is_about_files,
    told,
)
from musicflow_dagster.warehouse.bigquery.place import Place

RETRY: Retry = DEFAULT_RETRY.with_timeout(120)
"""Of one request: what may be gone in a moment is asked for again, with growing pauses."""
MOST_URIS = 10_000
"""Files that one load job may name."""
USD_PER_TIB = 6.25
"""On-demand price of what queries read in the US; loads are free. An estimate for people."""
Value = datetime | str | int | Sequence[datetime] | Sequence[str] | Sequence[Mapping[str, Any]]
_TYPES = {datetime: "TIMESTAMP", str: "STRING", int: "INT64"}


@dataclass(slots=True)
class Jobs:
    """Runs jobs for `origin`, which their ids begin with."""

    client: bigquery.Client
    place: Place
    origin: str = "musicflow"
    costs: dict[str, float] = field(default_factory=dict)
    """What the jobs came to since they were last taken."""

    def rows(self, sql: str, doing: str, **parameters: Value) -> list[tuple[Any, ...]]:
        """The answer to a query.

        Raises:
            MusicFlowError: It could not be had; the message says what to do.
        """
        return self._query(sql, doing, parameters)

    def rows_if_any(self, sql: str, doing: str, **parameters: Value) -> list[tuple[Any, ...]]:
        """The same; nothing while a table or dataset is not made yet."""
        try:
            return self.rows(sql, doing, **parameters)
        except MissingError:
            return []

    def run(self, sql: str, doing: str, **parameters: Value) -> None:
        """Carry out a statement, whole or not at all; doing it again must do no harm.

        Raises:
            MusicFlowError: It could not be; the message says what to do.
        """
        self._query(sql, doing, parameters)

    def load(self, uris: Sequence[str], table: str, doing: str, **config: Any) -> None:
        """Append Parquet files to `table`, all of them or none of each 10,000.

        Raises:
            UnreadableFilesError: A file is gone, or is not as the table wants it.
            MusicFlowError: It could not be; the message says what to do.
        """
        for first in range(0, len(uris), MOST_URIS):
            self._load(uris[first : first + MOST_URIS], table, doing, config)

    def take_costs(self) -> dict[str, float]:
        """What the jobs came to; the next ones are counted anew."""
        costs, self.costs = self.costs, {}
        return costs

    def _query(
        self, sql: str, doing: str, parameters: Mapping[str, Value]
    ) -> list[tuple[Any, ...]]:
        with told(self.place, doing):
            job = self._asked(sql, doing, parameters)
            result = job.result(retry=RETRY)
            self._add(
                bytes_billed=job.total_bytes_billed or 0,
                slot_ms=job.slot_millis or 0,
                usd=(job.total_bytes_billed or 0) / 2**40 * USD_PER_TIB,
            )
            return [tuple(row) for row in result]  # here, as all pages but the first are asked for

    def _asked(self, sql: str, doing: str, parameters: Mapping[str, Value]) -> bigquery.QueryJob:
        config = bigquery.QueryJobConfig(
            query_parameters=[_parameter(name, value) for name, value in parameters.items()],
            labels={"musicflow": "warehouse"},
        )
        # With a prefix, and not an id of ours, the client gives each of its retries an id.
        return self.client.query(
            sql, job_config=config, job_id_prefix=self._prefix(doing), retry=RETRY
        )

    def _load(self, uris: Sequence[str], table: str, doing: str, config: Mapping[str, Any]) -> None:
        with told(self.place, doing):
            try:
                job = self._loading(uris, table, doing, config)
                job.result(retry=RETRY)
            except (api.NotFound, api.BadRequest) as error:
                if is_about_files(error):
                    # What BigQuery says of a file may quote a value.
                    raise UnreadableFilesError(f"files cannot be read ({doing})") from error
                raise
        self._add(loaded_bytes=job.output_bytes or 0, loaded_files=job.input_files or len(uris))

    def _loading(
        self, uris: Sequence[str], table: str, doing: str, config: Mapping[str, Any]
    ) -> Any:
        settings = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            labels={"musicflow": "warehouse"},
            **config,
        )
        job_id = f"{self._prefix(doing)}{uuid.uuid4().hex}"
        try:
            return self.client.load_table_from_uri(
                list(uris), table, job_id=job_id, job_config=settings, retry=RETRY
            )
        except api.Conflict:  # the answer to the first request was lost, and it was sent again
            return self.client.get_job(job_id, retry=RETRY)

    def _prefix(self, doing: str) -> str:
        return f"{self.origin}-{doing.replace(' ', '-')}-"

    def _add(self, **numbers: float) -> None:
        for name, number in numbers.items():
            self.costs[name] = self.costs.get(name, 0) + number


def _parameter(name: str, value: Value) -> Any:
    if isinstance(value, datetime | str | int):
        return bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value)
    values: list[Any] = list(value)
    if values and isinstance(values[0], Mapping):
        return bigquery.ArrayQueryParameter(name, "STRUCT", [_struct(each) for each in values])
    kind = _TYPES[type(values[0])] if values else "STRING"
    return bigquery.ArrayQueryParameter(name, kind, values)


def _struct(fields: Mapping[str, Any]) -> bigquery.StructQueryParameter:
    parameters = [
        bigquery.ScalarQueryParameter(name, _TYPES[type(value)], value)
        for name, value in fields.items()
    ]
    return bigquery.StructQueryParameter(None, *parameters)
