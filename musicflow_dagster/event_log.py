"""Dagster's event log in SQLite, as Dagster keeps it, at a price that ranges of hours can pay.

A run over 168 hours stores ten thousand events. For each, Dagster's own SQLite log makes two new
engines of SQLAlchemy, opens two databases and waits twice for the disk. This one keeps both open,
and stores events that come together in one transaction of each. A power failure may cost Dagster's
last events, never its database.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._config import StringSource
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from contracts.errors import ConfigurationError

BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
"""Dagster hands events to its log in batches only where this says how many at most."""
MOST_AT_ONCE = "1000"


class QuickEventLog(SqliteEventLogStorage):
    """The same files and tables as those of the base class: any tool of Dagster reads them.

    `dagster.yaml` names it as `event_log_storage`; without `base_dir` it stands in DAGSTER_HOME,
    where Dagster's own would stand.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        """Use the databases in `base_dir`, and ask Dagster for events in batches."""
        os.environ.setdefault(BATCH_VARIABLE, MOST_AT_ONCE)
        self._engines: dict[str, Engine] = {}
        self._tables: set[str] = set()
        self._batch = threading.local()
        super().__init__(base_dir, inst_data)

    @classmethod
    def config_type(cls) -> dict[str, dg.Field]:
        """Where it stands, if not in DAGSTER_HOME."""
        return {"base_dir": dg.Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "QuickEventLog":
        """The log that `dagster.yaml` describes.

        Raises:
            ConfigurationError: Nothing says where it stands.
        """
        home = os.environ.get("DAGSTER_HOME")
        if not home and "base_dir" not in config_value:
            raise ConfigurationError("set DAGSTER_HOME, or base_dir of event_log_storage")
        own_place = str(Path(home or "") / "history" / "runs")
        return cls(config_value.get("base_dir", own_place), inst_data)

    def store_event_batch(self, events: Sequence[Any]) -> None:
        """Store events of one run, in one transaction of its database and one of the index."""
        [run_id] = {each.run_id for each in events}
        with self._one_transaction(run_id):
            super().store_event_batch(events)

    def has_table(self, table_name: str) -> bool:
        """Whether the index has the table; one that it has is not asked for again."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def wipe(self) -> None:
        """Remove everything."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Close what is open."""
        self._close()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        """A connection to one of the databases, in a transaction; the batch's, if one is stored."""
        of_batch = getattr(self._batch, "connections", {})
        if shard in of_batch:
            yield of_batch[shard]
            return
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    @contextmanager
    def _one_transaction(self, run_id: str) -> Iterator[None]:
        with (
            self._db_lock,
            self._engine(run_id).begin() as of_run,
            self._engine(INDEX_SHARD_NAME).begin() as of_index,
        ):
            self._batch.connections = {run_id: of_run, INDEX_SHARD_NAME: of_index}
            try:
                yield
            finally:
                del self._batch.connections

    def _engine(self, shard: str) -> Engine:
        """The engine of a database, made ready; those of the index and of one run are kept."""
        if shard not in self._engines:
            if shard != INDEX_SHARD_NAME:
                self._close(but=INDEX_SHARD_NAME)
            self._engines[shard] = _made_engine(self.conn_string_for_shard(shard))
        if shard not in self._initialized_dbs:
            self._initdb(self._engines[shard])
            self._initialized_dbs.add(shard)
        return self._engines[shard]

    def _close(self, but: str | None = None) -> None:
        for shard in [each for each in self._engines if each != but]:
            self._engines.pop(shard).dispose()


def _made_engine(address: str) -> Engine:
    """An engine that keeps one connection open, which one thread uses at a time."""
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _wait_less)
    return engine


def _wait_less(connection: sqlite3.Connection, _record: object) -> None:
    """Let the disk be waited for at checkpoints only."""
    connection.execute("pragma synchronous = normal")
