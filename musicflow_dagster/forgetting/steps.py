"""The steps of an erasure. Each can be done again, and finds what is left to do by itself.

First the list, the lake and what is served from Postgres, by landing's own command; from then on
no load brings the user back. Then raw, the models of the hours that the user was in, the file of
the warehouse and the older publications.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from contracts.errors import MusicFlowError
from contracts.logs import log
from contracts.suppression import Suppressions, read_suppressions
from musicflow_dagster.automation.jobs import HOURLY
from musicflow_dagster.commands.running import Runner, opened_runner
from musicflow_dagster.definitions import build_definitions
from musicflow_dagster.forgetting.due import DueHours, due_hours, ranges_with_gaps
from musicflow_dagster.forgetting.report import ErasureReport, read_report, write_report
from musicflow_dagster.knowledge import manifest_index
from musicflow_dagster.remains import remains
from musicflow_dagster.resources import warehouse_resource
from musicflow_dagster.settings import Settings
from musicflow_dagster.streaming_process import streaming
from musicflow_dagster.warehouse.choice import publications_of
from musicflow_dagster.warehouse.duckdb.erasing import rewrite
from musicflow_dagster.warehouse.duckdb.publishing import keep_current_only
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.protocol import Warehouse
from musicflow_dagster.warehouse.pseudonyms import pseudonym, pseudonym_key

PATIENCE_SECONDS = 3600
"""How long a run that writes to the warehouse is waited for."""
ROUNDS = 3
"""Most times that hours are built until nothing of the user is left; once is enough, unless a run
that began before has written in between."""
FORGET_TAG = "musicflow/forget"
"""On a run: that it builds hours without a user; not which."""


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The erasure of one user."""

    settings: Settings
    user_id: int
    by: str = ""
    """Who answers for it; empty for the user of this machine."""
    is_key_new: bool = False
    """Whether the list goes on under a new key, as the old one was lost."""

    def run(self) -> ErasureReport:
        """Do what is left to do.

        Raises:
            MusicFlowError: Something is in the way; running it again goes on from there.
        """
        report = self._erase_lake()
        if self._has_warehouse():
            self._erase_warehouse(report)
        is_served = report.postgres is not None
        report.remains = list(remains(self.settings, self._suppressed(), is_served=is_served))
        report.finished_at = datetime.now(UTC)
        self._keep(report)
        return report

    def _erase_lake(self) -> ErasureReport:
        """Put the user on the list; erase lake, rejects and Postgres; nothing loads meanwhile."""
        with self._right_to_write():
            by = ("--by", self.by) if self.by else ()
            new_key = ("--new-key",) if self.is_key_new else ()
            answer = streaming(self.settings, ["erase", *by, *new_key], f"{self.user_id}\n")
        known = read_report(self.settings.erasures / f"{answer['user_hash']}.json")
        report = known or ErasureReport(answer["user_hash"], datetime.now(UTC))
        report.finished_at = None
        report.set_lake(answer)
        self._keep(report)
        return report

    def _erase_warehouse(self, report: ErasureReport) -> None:
        tried: set[datetime] = set()
        for _ in range(ROUNDS):
            with self._writing() as warehouse:
                report.add_models(warehouse.rows_of_user(self._user_key()))
                report.add_raw(warehouse.purge(self._suppressed()))
                unbuilt = warehouse.unbuilt_hours()
            self._keep(report)
            if not (due := self._due(unbuilt, tried)):
                break
            tried.update(due)
            self._build(due, report)
        with self._right_to_write():
            self._see_that_nothing_is_left()
            if self.settings.target == "local":
                report.warehouse_bytes = rewrite(self.settings.warehouse)
                report.snapshot_files += keep_current_only(self.settings.snapshot)

    def _build(self, due: DueHours, report: ErasureReport) -> None:
        definitions = build_definitions(self.settings)
        job = definitions.resolve_job_def(HOURLY)
        with opened_runner(self.settings) as runner:
            # Hours that are refused here are left as they were: then the models build them alone.
            report.rebuilt += self._built(runner, job, due.from_lake)
            with self._writing() as warehouse:
                left = {*due.models_only, *warehouse.unbuilt_hours()}
            models = [each for each in _assets(job) if each.path[0] != "raw"]
            rebuilt = self._built(runner, job, sorted(left), models)
        report.rebuilt += [each for each in rebuilt if each not in report.rebuilt]
        self._keep(report)

    def _built(
        self,
        runner: Runner,
        job: dg.JobDefinition,
        hours: Sequence[datetime],
        assets: Sequence[dg.AssetKey] | None = None,
    ) -> list[str]:
        """Build hours, some at a time; which succeeded.

        Raises:
            MusicFlowError: The models of some could not be built.
        """
        outcomes = [
            runner.run(job, each, {FORGET_TAG: "yes"}, assets)
            for each in ranges_with_gaps(hours, self.settings.run_hours)
        ]
        failed = [str(each.hours) for each in outcomes if not each.succeeded]
        if assets and failed:
            raise MusicFlowError(
                f"builds failed for {', '.join(failed)}: the lines above say why; mend it and run "
                "this command again"
            )
        return [str(each.hours) for each in outcomes if each.succeeded]

    def _due(self, unbuilt: Sequence[datetime], tried: Collection[datetime]) -> DueHours:
        index = manifest_index(self.settings)
        index.refresh()
        return due_hours(index, publications_of(self.settings), unbuilt, tried)

    def _see_that_nothing_is_left(self) -> None:
        with warehouse_resource(self.settings).open() as warehouse:
            left = warehouse.rows_of_user(self._user_key())
            purged = warehouse.purge(self._suppressed())
        if left or purged:
            tables = sorted({*left, *(f"raw.{event}" for event, _ in purged)})
            raise MusicFlowError(
                f"rows of the user are still in {', '.join(tables)}: a run has written them since; "
                "run this command again"
            )

    def _has_warehouse(self) -> bool:
        return self.settings.target != "local" or self.settings.warehouse.exists()

    def _suppressed(self) -> Suppressions:
        return read_suppressions(manifest_index(self.settings).store, self.settings.suppression)

    def _user_key(self) -> str:
        secret = self.settings.pseudonym_key
        key = pseudonym_key(secret.get_secret_value() if secret else None, self.settings.home)
        return pseudonym(key, self.user_id)

    def _keep(self, report: ErasureReport) -> None:
        write_report(self.settings.erasures / f"{report.user_hash}.json", report)

    @contextmanager
    def _writing(self) -> Iterator[Warehouse]:
        """The warehouse, while no run writes."""
        with self._right_to_write(), warehouse_resource(self.settings).open() as opened:
            yield opened

    @contextmanager
    def _right_to_write(self) -> Iterator[None]:
        """The right to write to the warehouse: runs of this machine wait until the end."""
        lock = WriterLock(self.settings.warehouse, PATIENCE_SECONDS)
        if holder := lock.holder():
            log.info("waiting for a run to end", holder=holder)
        lock.acquire()
        try:
            yield
        finally:
            lock.release()


def _assets(job: dg.JobDefinition) -> list[dg.AssetKey]:
    return sorted(job.asset_layer.executable_asset_keys)
