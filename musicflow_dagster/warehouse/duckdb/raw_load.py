"""Raw loads: replace hours of a raw table by what the manifests' files hold, all or nothing.

A range is one read, one check, one delete and one insert, however many hours it has. Hours are
judged before anything is changed; those that fail are left as they were and named.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import duckdb

from contracts.events import Event
from contracts.lake import HOUR
from contracts.logs import log
from contracts.store import Store
from musicflow_dagster.contract_check import breaches_by_hour
from musicflow_dagster.hours import aware, naive
from musicflow_dagster.lake_index import LandedFile, LandedHour
from musicflow_dagster.load_report import LoadedHour, LoadReport, Refusal, Refusals
from musicflow_dagster.raw_sql import (
    EMPTY_DUPLICATES,
    FIND_DUPLICATES,
    NEVER_NULL,
    ROWS_OF_FILES,
    columns,
    columns_in_utc,
    content_columns,
    in_utc,
    read,
)

NOTHING = LandedHour("", 0, 0, 0, 0)
UNREADABLE = (
    duckdb.BinderException,
    duckdb.ConversionException,
    duckdb.InvalidInputException,
    duckdb.IOException,
    duckdb.SerializationException,
)
"""What DuckDB raises for a file that is damaged, cut short or of other columns."""


@dataclass(frozen=True, slots=True)
class RawLoad:
    """A load of one event's hours into the warehouse behind `connection`."""

    connection: duckdb.DuckDBPyConnection
    store: Store
    event: Event
    landed: Mapping[datetime, LandedHour]
    files: Sequence[LandedFile]

    def judge(self, hours: Sequence[datetime]) -> Refusals:
        """Which of `hours` can't be loaded, and why; changes no table that stays."""
        return self._halving(hours, self._judged).refused

    def replace(self, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours`, which were judged; what shows only while loading is refused then."""
        report = self._halving(hours, self._replaced)
        log.info(
            "raw hours loaded",
            table=self.event.name,
            hours=len(report.loaded),
            rows=sum(each.raw_rows for each in report.loaded.values()),
        )
        return report

    def _halving(
        self, hours: Sequence[datetime], work: Callable[[Sequence[datetime]], LoadReport]
    ) -> LoadReport:
        """Do `work`; where files can't be read, halve until the bad hours stand alone."""
        try:
            return work(hours) if hours else LoadReport()
        except UNREADABLE as error:
            if len(hours) == 1:
                # The message may quote a value; its type and the hour's files say enough.
                paths = ", ".join(file.path for file in self._files_of(hours)[:5])
                reason = f"files cannot be read ({type(error).__name__}): {paths}"
                return LoadReport(refused={hours[0]: Refusal(reason)})
            middle = len(hours) // 2
            report = self._halving(hours[:middle], work)
            report.add(self._halving(hours[middle:], work))
            return report

    def _judged(self, hours: Sequence[datetime]) -> LoadReport:
        report = LoadReport(refused=self._missing(hours))
        self._find_breaches(self._without(hours, report), report)
        return report

    def _replaced(self, hours: Sequence[datetime]) -> LoadReport:
        report, good = LoadReport(), list(hours)
        while good:
            loaded = self._replace(good)
            unbalanced = {hour for hour, each in loaded.items() if not each.is_balanced}
            if not unbalanced:
                report.loaded.update(loaded)
                break
            report.refused.update({hour: _unbalanced(loaded[hour]) for hour in unbalanced})
            good = self._without(hours, report)
        return report

    def _missing(self, hours: Sequence[datetime]) -> dict[datetime, Refusal]:
        """Hours with a file that a manifest cites and the lake doesn't have."""
        return {
            file.hour: Refusal(f"the lake lacks a file that a manifest cites: {file.path}")
            for file in self._files_of(hours)
            if not self.store.exists(file.path)
        }

    def _find_breaches(self, hours: Sequence[datetime], report: LoadReport) -> None:
        """Refuse the hours with rows that break the contract, or with too many or too few."""
        files = self._files_of(hours)
        if not files:
            return
        self._stage(hours, files)
        urls = self._urls(files)
        for hour, count in self._per_hour(ROWS_OF_FILES, {"files": urls}).items():
            if count != (landed := self.landed.get(hour, NOTHING).rows):
                report.refused[hour] = Refusal(
                    f"manifests say {landed} rows, the files hold {count}"
                )
        rows = self.connection.sql(
            f"select {columns(self.event)}, hour as hour_of_file from {read(self.event)}",
            params={"files": urls},
        )
        found = self.connection.execute(NEVER_NULL, {"files": urls}).fetchall()
        never_null = {name for (name,) in found}
        for hour, breaches in breaches_by_hour(rows, self.event, never_null).items():
            reason = f"{len(breaches)} breaches of the contract of {self.event.name}"
            report.refused[hour] = Refusal(reason, tuple(breaches))

    def _replace(self, hours: Sequence[datetime]) -> dict[datetime, LoadedHour]:
        """Replace `hours` in one transaction, unless they don't balance."""
        files = self._files_of(hours)
        self._stage(hours, files)
        self.connection.execute("begin")
        try:
            self._delete(hours)
            if files:
                self._find_duplicates(self._urls(files))
                self._insert(self._urls(files))
            loaded = self._counted(hours)
            if all(each.is_balanced for each in loaded.values()):
                self._record(loaded)
                self.connection.execute("commit")
            else:
                self.connection.execute("rollback")
        except BaseException:
            self.connection.execute("rollback")
            raise
        return loaded

    def _stage(self, hours: Sequence[datetime], files: Sequence[LandedFile]) -> None:
        """Tell DuckDB the hours and files at hand, as small temporary tables."""
        run = self.connection.execute
        run("create or replace temp table loading_hours (hour timestamp)")
        run("create or replace temp table loading_files (filename text, hour timestamp, last bool)")
        run(EMPTY_DUPLICATES)
        run("insert into loading_hours select unnest($1)", [[naive(hour) for hour in hours]])
        if files:
            run(
                "insert into loading_files select unnest($1), unnest($2), unnest($3)",
                [
                    self._urls(files),
                    [naive(file.hour) for file in files],
                    [file.kind == "files" for file in files],
                ],
            )

    def _delete(self, hours: Sequence[datetime]) -> None:
        self.connection.execute(
            f"delete from raw.{self.event.name} where occurred_at >= $1 and occurred_at < $2 "
            "and date_trunc('hour', occurred_at) in (select hour from loading_hours)",
            [naive(min(hours)), naive(max(hours) + HOUR)],
        )

    def _find_duplicates(self, urls: list[str]) -> None:
        """Note the rows that are later copies of another; narrow columns first, for speed."""
        run = self.connection.execute
        run(
            f"insert into repeated select event_id, occurred_at from {read(self.event)} "
            "group by all having count(*) > 1",
            {"files": urls},
        )
        if run("select count(*) from repeated").fetchall() != [(0,)]:
            content = ", ".join(content_columns(self.event))
            run(FIND_DUPLICATES.format(read=read(self.event), content=content), {"files": urls})

    def _insert(self, urls: list[str]) -> None:
        self.connection.execute(
            f"insert into raw.{self.event.name} by name "
            f"select {columns_in_utc(self.event)} from {read(self.event)} "
            "anti join duplicates using (filename, file_row_number) "
            f"where date_trunc('hour', {in_utc('occurred_at')}) "
            "in (select hour from loading_hours)",
            {"files": urls},
        )

    def _counted(self, hours: Sequence[datetime]) -> dict[datetime, LoadedHour]:
        raw = self._per_hour(
            "select date_trunc('hour', occurred_at), count(*) "
            f"from raw.{self.event.name} where occurred_at >= $1 and occurred_at < $2 group by all",
            [naive(min(hours)), naive(max(hours) + HOUR)],
        )
        duplicates = self._per_hour("select hour, count(*) from duplicates group by all")
        conflicts = self._per_hour(
            "select hour, count(*) from duplicates where is_conflicting group by all"
        )
        return {
            hour: LoadedHour(
                self.landed.get(hour, NOTHING),
                raw.get(hour, 0),
                duplicates.get(hour, 0),
                conflicts.get(hour, 0),
            )
            for hour in hours
        }

    def _record(self, loaded: Mapping[datetime, LoadedHour]) -> None:
        """Write the hours' accounts, in the transaction of the load."""
        self.connection.execute(
            "delete from reconciliation.raw_hours where event = $1 "
            "and hour in (select hour from loading_hours)",
            [self.event.name],
        )
        now = naive(datetime.now(UTC))
        rows = [
            (
                naive(hour),
                each.landed.stream,
                each.landed.replay,
                each.landed.files,
                each.raw_rows,
                each.duplicates,
                each.conflicting_duplicates,
                each.landed.fingerprint,
            )
            for hour, each in loaded.items()
        ]
        values = [list(column) for column in zip(*rows, strict=True)]
        self.connection.execute(
            "insert into reconciliation.raw_hours "
            "select $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), "
            "unnest($8), 0, unnest($9), $10",
            [self.event.name, *values, now],
        )

    def _per_hour(
        self, sql: str, parameters: Sequence[object] | Mapping[str, object] = ()
    ) -> dict[datetime, int]:
        rows = self.connection.execute(sql, parameters).fetchall()
        return {aware(hour): int(count) for hour, count in rows}

    def _files_of(self, hours: Sequence[datetime]) -> list[LandedFile]:
        wanted = set(hours)
        return [file for file in self.files if file.hour in wanted]

    def _urls(self, files: Sequence[LandedFile]) -> list[str]:
        return [self.store.url(file.path) for file in files]

    @staticmethod
    def _without(hours: Sequence[datetime], report: LoadReport) -> list[datetime]:
        return [hour for hour in hours if hour not in report.refused]


def _unbalanced(hour: LoadedHour) -> Refusal:
    return Refusal(
        f"manifests say {hour.landed.rows} rows, the files hold {hour.raw_rows} for this hour "
        f"and {hour.duplicates} duplicates"
    )
