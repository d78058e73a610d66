"""Raw loads: replace hours of a raw table by what the manifests' files hold, all or nothing.

A range is one read, one check, one delete and one insert, however many hours it has. Hours are
judged before anything is changed; those that fail are left as they were and named.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.lake import HOUR
from contracts.logs import log
from musicflow_dagster.hours import naive
from musicflow_dagster.lake_files import UNREADABLE, LakeFiles
from musicflow_dagster.load_report import LoadedHour, LoadReport, unbalanced
from musicflow_dagster.raw_sql import (
    FIND_DUPLICATES,
    columns_in_utc,
    content_columns,
    in_utc,
    read,
)


@dataclass(frozen=True, slots=True)
class RawLoad(LakeFiles):
    """A load of one event's hours into the warehouse behind `connection`."""

    def replace(self, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours`, which were judged; what shows only while loading is refused then."""
        report = self.landed.halving(hours, self._replaced, UNREADABLE)
        log.info(
            "raw hours loaded",
            table=self.event.name,
            hours=len(report.loaded),
            rows=sum(each.raw_rows for each in report.loaded.values()),
        )
        return report

    def _replaced(self, hours: Sequence[datetime]) -> LoadReport:
        report, good = LoadReport(), list(hours)
        while good:
            loaded = self._replace(good)
            odd = {hour for hour, each in loaded.items() if not each.is_balanced}
            if not odd:
                report.loaded.update(loaded)
                break
            report.refused.update({hour: unbalanced(loaded[hour]) for hour in odd})
            good = report.without_refused(hours)
        return report

    def _replace(self, hours: Sequence[datetime]) -> dict[datetime, LoadedHour]:
        """Replace `hours` in one transaction, unless they don't balance."""
        files = self.landed.files_of(hours)
        self.stage(hours, files)
        self.connection.execute("begin")
        try:
            self._delete(hours)
            if files:
                self._find_duplicates(self.landed.urls(files))
                self._insert(self.landed.urls(files))
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
        raw = self.per_hour(
            "select date_trunc('hour', occurred_at), count(*) "
            f"from raw.{self.event.name} where occurred_at >= $1 and occurred_at < $2 group by all",
            [naive(min(hours)), naive(max(hours) + HOUR)],
        )
        duplicates = self.per_hour("select hour, count(*) from duplicates group by all")
        conflicts = self.per_hour(
            "select hour, count(*) from duplicates where is_conflicting group by all"
        )
        return {
            hour: LoadedHour(
                self.landed.of(hour),
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
