"""What assets work with: the lake, the warehouse and the snapshot of one set of settings."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from contracts.events import Event
from contracts.store import open_store
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import Judgement, judge
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.duckdb.connection import open_warehouse, prepare
from musicflow_dagster.warehouse.duckdb.session import DuckDBWarehouse
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.protocol import Warehouse

POOL = "warehouse_writer"
"""The pool of every step that writes to the warehouse; it is held per run."""


class LakeResource(dg.ConfigurableResource):
    """The lake that landing writes, with the local index of its manifests."""

    root: str
    index: str
    _judgement: Judgement | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 Dagster's signature
        """Begin a run with nothing judged."""
        self._judgement = None

    def manifests(self) -> LakeIndex:
        """The index, up to date."""
        index = LakeIndex(Path(self.index), open_store(self.root))
        index.refresh()
        return index

    @property
    def judgement(self) -> Judgement | None:
        """What this run has judged, if it has."""
        return self._judgement

    def judge(
        self,
        warehouse: Warehouse,
        events: Iterable[Event],
        ranges: Sequence[HourRange],
    ) -> Judgement:
        """Judge the hours of a run, once for all its steps: they load what was judged."""
        self._judgement = judge(warehouse, self.manifests(), events, ranges)
        return self._judgement


class WarehouseResource(dg.ConfigurableResource):
    """The warehouse. A run holds the right to write from its first step to its last.

    Runs of other machines don't know of the right: there, whole statements keep tables whole.
    """

    path: str
    snapshot: str
    patience_seconds: float = 3600.0
    _lock: WriterLock | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 Dagster's signature
        """Wait until no other run writes."""
        self._lock = WriterLock(Path(self.path), self.patience_seconds)
        self._lock.acquire()

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002 Dagster's signature
        """Let the next run write."""
        if self._lock:
            self._lock.release()

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """The warehouse, with everything in it that loads need."""
        with open_warehouse(Path(self.path)) as connection:
            prepare(connection)
            yield DuckDBWarehouse(connection, Path(self.snapshot))


def lake_resource(settings: Settings) -> LakeResource:
    """The lake of `settings`."""
    return LakeResource(root=settings.lake, index=str(settings.index))


def warehouse_resource(settings: Settings) -> WarehouseResource:
    """The warehouse of `settings`."""
    return WarehouseResource(path=str(settings.warehouse), snapshot=str(settings.snapshot))
