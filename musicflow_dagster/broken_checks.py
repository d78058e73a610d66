"""Checks whose last word on an hour, or on an asset as a whole, is that it failed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

import dagster as dg
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster_shared.serdes import deserialize_value
from sqlalchemy import text

_FAILED = text("""
with last as (
  select max(id) as id from asset_check_executions
  where execution_status in ('SUCCEEDED', 'FAILED') group by asset_key, check_name, partition)
select asset_key, check_name, partition, evaluation_event
from asset_check_executions join last using (id)
where execution_status = 'FAILED' and (partition is not null or not exists (
  select 1 from asset_check_executions as by_hour
  where by_hour.asset_key = asset_check_executions.asset_key
  and by_hour.check_name = asset_check_executions.check_name
  and by_hour.partition is not null and by_hour.execution_status in ('SUCCEEDED', 'FAILED')))
order by asset_key, check_name, partition
""")
"""Of a range of hours Dagster stores one result more, without an hour: where there are hours, it
says nothing that they don't."""


@dataclass(frozen=True, slots=True)
class BrokenCheck:
    """A check that failed; `hours` are those that it failed for, none if it has no hours."""

    asset: str
    check: str
    is_error: bool
    hours: tuple[str, ...]

    def __str__(self) -> str:
        """In a line, for people."""
        kind = "FAILED" if self.is_error else "warns"
        newest = f" for {len(self.hours)} hours, the newest {self.hours[-1]}" if self.hours else ""
        return f"{kind}: {self.check} of {self.asset}{newest}"


def broken_checks(instance: dg.DagsterInstance) -> list[BrokenCheck]:
    """What is broken now; errors first."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        return []  # Dagster+ shows them itself
    with storage.index_connection() as connection:
        rows = connection.execute(_FAILED).fetchall()
    return sorted(_grouped(rows), key=lambda each: (not each.is_error, each.asset, each.check))


def _grouped(rows: Iterable[tuple[str, str, str | None, str]]) -> Iterator[BrokenCheck]:
    for (asset, check), of_one in groupby(rows, key=lambda row: (row[0], row[1])):
        failures = list(of_one)
        name = dg.AssetKey.from_db_string(asset)
        yield BrokenCheck(
            name.to_user_string() if name else asset,
            check,
            any(_is_error(event) for *_, event in failures),
            tuple(hour for _, _, hour, _ in failures if hour),
        )


def _is_error(stored: str) -> bool:
    """Whether the stored evaluation is more than a warning."""
    event = deserialize_value(stored, EventLogEntry).get_dagster_event()
    return event.asset_check_evaluation_data.severity is dg.AssetCheckSeverity.ERROR
