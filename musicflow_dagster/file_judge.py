"""The judgement of files: which hours can't be loaded, and why. It changes nothing that stays."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from musicflow_dagster.contract_check import breaches_by_hour
from musicflow_dagster.lake_files import UNREADABLE, LakeFiles
from musicflow_dagster.lake_index import LandedFile
from musicflow_dagster.load_report import LoadReport, Refusal, Refusals
from musicflow_dagster.raw_sql import NEVER_NULL, ROWS_OF_FILES, columns, read

LOOKERS = 16
"""Files that are asked for at a time where the lake is a bucket; it is mostly waiting."""


@dataclass(frozen=True, slots=True)
class FileJudge(LakeFiles):
    """Judges the files of one event's hours."""

    def judge(self, hours: Sequence[datetime]) -> Refusals:
        """Which of `hours` can't be loaded, and why."""
        return self.landed.halving(hours, self._judged, UNREADABLE).refused

    def _judged(self, hours: Sequence[datetime]) -> LoadReport:
        report = LoadReport(refused=self._missing(hours))
        self._find_breaches(report.without_refused(hours), report)
        return report

    def _missing(self, hours: Sequence[datetime]) -> dict[datetime, Refusal]:
        """Hours with a file that a manifest cites and the lake doesn't have."""
        return {
            file.hour: Refusal(f"the lake lacks a file that a manifest cites: {file.path}")
            for file in self._gone(self.landed.files_of(hours))
        }

    def _gone(self, files: Sequence[LandedFile]) -> list[LandedFile]:
        store = self.landed.store
        if store.filesystem is None:
            return [file for file in files if not store.exists(file.path)]
        with ThreadPoolExecutor(LOOKERS) as pool:
            stand = pool.map(store.exists, [file.path for file in files])
            return [file for file, stands in zip(files, stand, strict=True) if not stands]

    def _count(self, files: Sequence[LandedFile], report: LoadReport) -> None:
        """Refuse the hours whose files hold more rows than they may, or less."""
        urls = self.landed.urls(files)
        rows = self.connection.execute(ROWS_OF_FILES, {"files": urls}).fetchall()
        held = {url: int(count) for url, count in rows}
        of_hours: Counter[datetime] = Counter()
        for file, url in zip(files, urls, strict=True):
            of_hours[file.hour] += held.get(url, 0)
        for file, url in zip(files, urls, strict=True):
            if not file.may_hold(held.get(url, 0)):
                said, count = self.landed.of(file.hour).rows, of_hours[file.hour]
                told = f"manifests say {said} rows, the files hold {count}"
                report.refused[file.hour] = Refusal(told)

    def _find_breaches(self, hours: Sequence[datetime], report: LoadReport) -> None:
        """Refuse the hours with rows that break the contract, or with too many or too few."""
        files, event = self.landed.files_of(hours), self.landed.event
        if not files:
            return
        self.stage(hours, files)
        urls = self.landed.urls(files)
        self._count(files, report)
        rows_of_files = self.connection.sql(
            f"select {columns(event)}, hour as hour_of_file from {read(event)}",  # noqa: S608  names of the contract
            params={"files": urls},
        )
        found = self.connection.execute(NEVER_NULL, {"files": urls}).fetchall()
        never_null = {name for (name,) in found}
        for hour, breaches in breaches_by_hour(rows_of_files, event, never_null).items():
            reason = f"{len(breaches)} breaches of the contract of {event.name}"
            report.refused[hour] = Refusal(reason, tuple(breaches))
