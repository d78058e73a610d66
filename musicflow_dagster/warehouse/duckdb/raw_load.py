"""Raw loads: replace hours of a raw table by what the manifests' files hold, all or nothing.

A range is one read, one check, one delete and one insert, however many hours it has. Hours are
judged before anything is changed; those that fail are left as they were and named.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.lake import HOUR
from contracts.logs import log
from musicflow_dagster.hours import naive
from musicflow_dagster.lake_files import UNREADABLE, LakeFiles
from musicflow_dagster.load_report import LoadedHour, LoadReport, unbalanced
from musicflow_dagster.raw_sql import (
    COUNT_LEFT_OUT,
    FIND_DUPLICATES,
    LEFT_OUT,
    columns_in_utc,
    content_columns,
    in_utc,
    names_users,
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
            erased = Counter(self.landed.rewritten(hours))
            if files:
                urls = self.landed.urls(files)
                erased += self._leave_out(urls)
                self._find_duplicates(urls)
                self._insert(urls)
            loaded = self._counted(hours, erased)
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

    def _leave_out(self, urls: list[str]) -> Counter[datetime]:
        """Find the forgotten users of whom files still have rows; how many rows, by hour."""
        run = self.connection.execute
        run("create or replace temp table suppressed_users (user_id bigint)")
        if not self._leaves_out:
            return Counter()
        distinct = f"select distinct user_id from {read(self.event)} where user_id is not null"
        users = (user for (user,) in run(distinct, {"files": urls}).fetchall())
        found = sorted(self.landed.suppressed.among(users))
        run("insert into suppressed_users select unnest($1)", [found])
        if not found:
            return Counter()
        counts = COUNT_LEFT_OUT.format(read=read(self.event))
        return Counter(self.per_hour(counts, {"files": urls}))

    @property
    def _leaves_out(self) -> bool:
        """Whether there may be rows that must not load."""
        return bool(self.landed.suppressed) and names_users(self.event)

    def _read(self) -> str:
        """The rows of the files that load; the users that don't were found."""
        rows = read(self.event)
        return LEFT_OUT.format(read=rows) if self._leaves_out else rows

    def _find_duplicates(self, urls: list[str]) -> None:
        """Note the rows that are later copies of another; narrow columns first, for speed."""
        run = self.connection.execute
        run(
            f"insert into repeated select event_id, occurred_at from {self._read()} "
            "group by all having count(*) > 1",
            {"files": urls},
        )
        if run("select count(*) from repeated").fetchall() != [(0,)]:
            content = ", ".join(content_columns(self.event))
            run(FIND_DUPLICATES.format(read=self._read(), content=content), {"files": urls})

    def _insert(self, urls: list[str]) -> None:
        self.connection.execute(
            f"insert into raw.{self.event.name} by name "
            f"select {columns_in_utc(self.event)} from {self._read()} "
            "anti join duplicates using (filename, file_row_number) "
            f"where date_trunc('hour', {in_utc('occurred_at')}) "
            "in (select hour from loading_hours)",
            {"files": urls},
        )

    def _counted(
        self, hours: Sequence[datetime], erased: Mapping[datetime, int]
    ) -> dict[datetime, LoadedHour]:
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
                erased.get(hour, 0),
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
                each.erased,
                each.landed.fingerprint,
            )
            for hour, each in loaded.items()
        ]
        values = [list(column) for column in zip(*rows, strict=True)]
        self.connection.execute(
            "insert into reconciliation.raw_hours "
            "select $1, unnest($2), unnest($3), unnest($4), unnest($5), unnest($6), unnest($7), "
            "unnest($8), unnest($9), unnest($10), $11",
            [self.event.name, *values, now],
        )
