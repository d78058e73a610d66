"""The steps of an erasure. Each can be done again, and finds what is left to do by itself.

First the list, the lake and what is served from Postgres, by landing's own command; from then on
no load brings the user back. Then raw, the models of the hours that the user was in, the file of
the warehouse and the older publications.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from contracts.errors import MusicFlowError, UnavailableError
from contracts.logs import log
from contracts.publication import current
from contracts.suppression import Suppressions, read_suppressions, user_hash
from musicflow_dagster.forgetting.building import build_again
from musicflow_dagster.forgetting.due import DueHours, due_hours
from musicflow_dagster.forgetting.readers import published_hours, published_tables
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
        else:
            self._see_that_nothing_is_published()
        report.remains = [*remains(self.settings, self._suppressed()), *report.remains]
        report.finished_at = datetime.now(UTC)
        self._keep(report)
        return report

    def _erase_lake(self) -> ErasureReport:
        """Put the user on the list; erase lake, rejects and Postgres; nothing loads meanwhile."""
        with self._right_to_write():
            by = ("--by", self.by) if self.by else ()
            new_key = ("--new-key",) if self.is_key_new else ()
            answer = streaming(self.settings, ["erase", *by, *new_key], f"{self.user_id}\n")
        self._see_that_it_was_this_user(answer["user_hash"])
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
                unbuilt = self._unbuilt(warehouse)
            self._keep(report)
            if not (due := self._due(unbuilt, tried)):
                break
            tried.update(due)
            self._build(due, report)
        with self._right_to_write():
            self._see_that_nothing_is_left()
            if self._is_local:
                report.warehouse_bytes = rewrite(self.settings.warehouse)
                report.snapshot_files += keep_current_only(self.settings.snapshot)

    def _build(self, due: DueHours, report: ErasureReport) -> None:
        def unbuilt() -> set[datetime]:
            with self._writing() as warehouse:
                return self._unbuilt(warehouse)

        rebuilt = build_again(self.settings, due, unbuilt)
        report.rebuilt += [each for each in rebuilt if each not in report.rebuilt]
        self._keep(report)

    def _unbuilt(self, warehouse: Warehouse) -> set[datetime]:
        """Hours whose models, or what readers see of them, do not show what raw holds."""
        unbuilt = set(warehouse.unbuilt_hours())
        if self._is_local:
            unbuilt.update(published_hours(self.settings.snapshot, self._user_key()))
        return unbuilt

    def _due(self, unbuilt: Iterable[datetime], tried: Collection[datetime]) -> DueHours:
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
        if self._is_local and (seen := published_tables(self.settings.snapshot, self._user_key())):
            raise MusicFlowError(
                f"readers still see rows of the user in {', '.join(seen)}, as what was built could "
                "not be published: mend what the lines above say, and run this command again; if "
                f"they say nothing, remove {self.settings.snapshot}, and `musicflow build` first"
            )

    def _see_that_nothing_is_published(self) -> None:
        """Make sure that no snapshot stands that there is no warehouse to publish anew from.

        Raises:
            UnavailableError: One stands.
        """
        if current(self.settings.snapshot):
            raise UnavailableError(
                f"the lake is erased, but the snapshot {self.settings.snapshot} may show the user, "
                f"and its warehouse {self.settings.warehouse} is gone: bring that back, make one "
                "with `musicflow build`, or remove the snapshot's folder; then run this again"
            )

    def _see_that_it_was_this_user(self, erased: str) -> None:
        """Make sure that landing was told of the user whom this is about.

        Raises:
            MusicFlowError: It was another.
        """
        if erased != user_hash(self._suppressed().key, self.user_id):
            raise MusicFlowError(
                "landing has erased another user than was asked for, and put that one on the list; "
                "nothing else was touched: see that `python -m streaming` is of this version"
            )

    @property
    def _is_local(self) -> bool:
        return self.settings.target == "local"

    def _has_warehouse(self) -> bool:
        return not self._is_local or self.settings.warehouse.exists()

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
