"""Raw loads: replace hours of a raw table by what the manifests' files hold.

Just these files are loaded into a table that expires, and are counted there; then one MERGE
replaces the hours, and another their accounts. Whatever is cut short in between can be done again:
an hour whose account is not of what landed counts as not loaded.
"""

import uuid
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from google.cloud import bigquery
from google.cloud.bigquery import SchemaField

from contracts.errors import MusicFlowError
from contracts.lake import HOUR
from contracts.logs import log
from contracts.to_bigquery import bigquery_columns
from musicflow_dagster.lake_index import LandedFile
from musicflow_dagster.landed import Landed
from musicflow_dagster.load_report import LoadedHour, LoadReport, unbalanced
from musicflow_dagster.raw_sql import names_users
from musicflow_dagster.warehouse.bigquery.erasing import EXPIRES_AFTER, LOADING, values_apart
from musicflow_dagster.warehouse.bigquery.errors import UnreadableFilesError, told
from musicflow_dagster.warehouse.bigquery.jobs import RETRY, Jobs
from musicflow_dagster.warehouse.bigquery.load_sql import (
    count_hours,
    count_left_out,
    distinct_users,
    leave_out,
    replace_accounts,
    replace_hours,
)

MOST_HOURS = 4_000
"""Partitions that one statement may change."""
FOLDERS = (("batch", "STRING"), ("date", "DATE"), ("hour", "INTEGER"))
"""What the folders of a file say, as columns of the staged rows, in the order of their names."""


@dataclass(frozen=True, slots=True)
class BigQueryRawLoad:
    """A load of one event's hours."""

    jobs: Jobs
    landed: Landed

    def replace(self, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours`, which were judged; what shows only while loading is refused then."""
        report = LoadReport()
        ordered = sorted(hours)
        for first in range(0, len(ordered), MOST_HOURS):
            part = ordered[first : first + MOST_HOURS]
            report.add(self.landed.halving(part, self._replaced, (UnreadableFilesError,)))
        report.costs = self.jobs.take_costs()
        log.info(
            "raw hours loaded",
            table=self.landed.event.name,
            hours=len(report.loaded),
            rows=sum(each.raw_rows for each in report.loaded.values()),
        )
        return report

    def _replaced(self, hours: Sequence[datetime]) -> LoadReport:
        report, good = LoadReport(), list(hours)
        files = self.landed.files_of(hours)
        with self._staged(hours, files) as staging:
            erased = Counter(self.landed.rewritten(hours)) + self._leave_out(staging)
            while good:
                loaded = self._counted(staging, good, files, erased)
                odd = {hour for hour, each in loaded.items() if not each.is_balanced}
                if not odd:
                    self._merge(staging, good, files)
                    self._record(loaded)
                    report.loaded.update(loaded)
                    break
                report.refused.update({hour: unbalanced(loaded[hour]) for hour in odd})
                good = report.without_refused(hours)
        return report

    @contextmanager
    def _staged(self, hours: Sequence[datetime], files: Sequence[LandedFile]) -> Iterator[str]:
        """The rows of `files` in a table of their own, which is dropped at the end, or expires."""
        event, place = self.landed.event, self.jobs.place
        name = f"{LOADING}{event.name}_{uuid.uuid4().hex}"
        # With their modes: the files too say which columns are never null.
        fields = [SchemaField.from_api_repr(dict(each)) for each in bigquery_columns(event)]
        table = bigquery.Table(
            place.table("raw", name),
            schema=[*fields, *(SchemaField(*folder) for folder in FOLDERS)],
        )
        table.expires = datetime.now(UTC) + EXPIRES_AFTER
        with told(place, "making a table to load into"):
            self.jobs.client.create_table(table, retry=RETRY)
        try:
            self.jobs.load(
                self.landed.urls(files),
                place.table("raw", name),
                f"{self._window(hours)}-load",
                schema=fields,
                hive_partitioning=self._folders(),
            )
            yield place.sql("raw", name)
        finally:
            with suppress(MusicFlowError), told(place, "dropping what was loaded"):
                self.jobs.client.delete_table(table, retry=RETRY, not_found_ok=True)

    def _folders(self) -> bigquery.HivePartitioningOptions:
        options = bigquery.HivePartitioningOptions()
        options.mode = "CUSTOM"
        root = self.landed.store.url(self.landed.event.name)
        options.source_uri_prefix = f"{root}/{{date:DATE}}/{{hour:INTEGER}}/{{batch:STRING}}"
        return options

    def _leave_out(self, staging: str) -> Counter[datetime]:
        """Take the rows of forgotten users out of what was staged; how many, by hour."""
        if not self.landed.suppressed or not names_users(self.landed.event):
            return Counter()
        doing = f"{self.landed.event.name} whom to leave out"
        users = self.jobs.rows(distinct_users(staging), doing)
        found = sorted(self.landed.suppressed.among(user for (user,) in users))
        if not found:
            return Counter()
        with values_apart(self.jobs, "user_id", "INTEGER", found) as leaving:
            counted = self.jobs.rows(count_left_out(staging, leaving), doing)
            self.jobs.run(leave_out(staging, leaving), doing)
        return Counter({hour: int(rows) for hour, rows in counted})

    def _counted(
        self,
        staging: str,
        hours: Sequence[datetime],
        files: Sequence[LandedFile],
        erased: Mapping[datetime, int],
    ) -> dict[datetime, LoadedHour]:
        rows = self.jobs.rows(
            count_hours(self.landed.event, staging),
            f"{self._window(hours)}-count",
            file_batches=_file_batches(files),
            hours=list(hours),
        )
        counted = {hour: numbers for hour, *numbers in rows}
        loaded = {}
        for hour in hours:
            raw_rows, duplicates, conflicting = counted.get(hour, (0, 0, 0))
            gone = erased.get(hour, 0)
            loaded[hour] = LoadedHour(self.landed.of(hour), raw_rows, duplicates, conflicting, gone)
        return loaded

    def _merge(self, staging: str, hours: Sequence[datetime], files: Sequence[LandedFile]) -> None:
        event = self.landed.event
        self.jobs.run(
            replace_hours(event, self.jobs.place.sql("raw", event.name), staging),
            f"{self._window(hours)}-merge",
            file_batches=_file_batches(files),
            hours=list(hours),
            start=min(hours),
            end=max(hours) + HOUR,
        )

    def _record(self, loaded: Mapping[datetime, LoadedHour]) -> None:
        """Write the hours' accounts."""
        accounts = [
            {
                "hour": hour,
                "accepted": each.landed.stream,
                "replayed": each.landed.replay,
                "from_files": each.landed.files,
                "raw_rows": each.raw_rows,
                "duplicates": each.duplicates,
                "conflicting_duplicates": each.conflicting_duplicates,
                "erased": each.erased,
                "manifests": each.landed.fingerprint,
            }
            for hour, each in loaded.items()
        ]
        self.jobs.run(
            replace_accounts(self.jobs.place.sql("reconciliation", "raw_hours")),
            f"{self._window(list(loaded))}-account",
            event=self.landed.event.name,
            accounts=accounts,
            hours=list(loaded),
        )

    def _window(self, hours: Sequence[datetime]) -> str:
        return f"{self.landed.event.name}-{min(hours):%Y%m%d%H}-{max(hours):%Y%m%d%H}"


def _file_batches(files: Sequence[LandedFile]) -> list[str]:
    """The batches that were made from files: of two copies, the other one is kept."""
    return sorted(
        {file.path.split("/batch=")[1].partition("/")[0] for file in files if file.kind == "files"}
    )
