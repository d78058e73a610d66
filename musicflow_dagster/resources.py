"""What assets work with: the lake, the warehouse and the snapshot of one set of settings."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import dagster as dg
from pydantic import PrivateAttr

from contracts.events import Event
from contracts.store import open_store
from contracts.suppression import SuppressionKey, read_suppressions
from musicflow_dagster.hours import HourRange
from musicflow_dagster.judging import Judgement, judge
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.choice import bigquery
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
        key: SuppressionKey,
    ) -> Judgement:
        """Judge the hours of a run, once for all its steps: they load what was judged.

        Raises:
            ConfigurationError: The list of forgotten users was made with another key than `key`.
        """
        index = self.manifests()
        suppressed = read_suppressions(index.store, key)
        self._judgement = judge(warehouse, index, events, ranges, suppressed)
        return self._judgement


class WarehouseResource(dg.ConfigurableResource):
    """The warehouse. A run holds the right to write from its first step to its last.

    Runs of other machines don't know of the right: there, whole statements keep tables whole.
    """

    path: str
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

    @abstractmethod
    def open(self) -> AbstractContextManager[Warehouse]:
        """The warehouse, with everything in it that loads need."""


class DuckDBResource(WarehouseResource):
    """The warehouse in the file `path`; it is closed between steps, for dbt to open it."""

    snapshot: str

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """The warehouse, with everything in it that loads need."""
        with open_warehouse(Path(self.path)) as connection:
            prepare(connection)
            yield DuckDBWarehouse(connection, Path(self.snapshot))


class BigQueryResource(WarehouseResource):
    """The warehouse in BigQuery. At `path` there is only the lock of this machine's runs.

    It is no `dagster_gcp.BigQueryResource`: that one has no place for a limit of bytes or for an
    emulator, and writes the credentials that it is given to a file.
    """

    project: str
    location: str
    prefix: str = ""
    maximum_bytes_billed: int | None = None
    _run: str = PrivateAttr(default="")
    _opened: int = PrivateAttr(default=0)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Wait until no other run writes; remember whose jobs they are."""
        super().setup_for_execution(context)
        self._run = context.run_id or ""

    @contextmanager
    def open(self) -> Iterator[Warehouse]:
        """The warehouse; ids of its jobs tell the run, and which opening of it this is."""
        self._opened += 1
        place = Place(self.project, self.location, self.prefix, self.maximum_bytes_billed)
        yield bigquery().open_warehouse(place, f"musicflow-{self._run[:8]}-{self._opened}")


def lake_resource(settings: Settings) -> LakeResource:
    """The lake of `settings`."""
    return LakeResource(root=settings.lake, index=str(settings.index))


def warehouse_resource(settings: Settings) -> WarehouseResource:
    """The warehouse of `settings`."""
    if settings.target == "local":
        return DuckDBResource(path=str(settings.warehouse), snapshot=str(settings.snapshot))
    return BigQueryResource(
        path=str(settings.warehouse),
        project=settings.project,
        location=settings.bigquery_location,
        prefix=settings.dataset_prefix,
        maximum_bytes_billed=settings.maximum_bytes_billed,
    )
