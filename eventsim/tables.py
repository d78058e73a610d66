"""Files of columns, one a topic: the rows of the NDJSON files, in the same order."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa

from contracts.store import disk_error
from eventsim.arrays import parsed
from eventsim.columns import Columns
from eventsim.faults import Extra, Outgoing
from eventsim.messages import Messages
from eventsim.randomness import Integers

CHUNK = 65_536
"""Requests made columns of at once."""


class TopicTable(Protocol):
    """One topic's file, of which nothing is seen before it is whole."""

    like: pa.Table
    """What has its columns."""

    def write(self, rows: pa.Table) -> None:
        """Append."""

    def close(self) -> None:
        """Finish the file, and give it its name."""


class TableSink:
    """Files of columns, `<folder>/<topic><suffix>`."""

    def __init__(
        self,
        folder: Path,
        none: Iterable[Messages],
        columns: Columns,
        suffix: str,
        begin: Callable[[Path, pa.Table], TopicTable],
    ) -> None:
        """Begin a file for each topic, of which `none` has no messages.

        Raises:
            UnavailableError: The folder cannot be written.
        """
        self._folder = folder
        self._columns = columns
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._tables = {
                each.topic: begin(folder / f"{each.topic}{suffix}", columns.of(each))
                for each in none
            }
        except OSError as error:
            raise disk_error(error, folder) from error

    @property
    def refused(self) -> Mapping[str, int]:
        """None: a file takes any message."""
        return {}

    def write(self, outgoing: Outgoing) -> None:
        """Append a chunk.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        if not len(outgoing.messages):
            return
        rows = self._columns.of(outgoing.messages)
        if outgoing.extras or outgoing.held:
            rows = _as_sent(rows, outgoing)
        self._append(outgoing.messages.topic, rows)

    def write_extras(self, topic: str, extras: list[Extra]) -> None:
        """Append messages.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        self._append(topic, _columns_of(extras, self._tables[topic].like))

    def flush(self) -> None:
        """Nothing can be safe before the file is finished."""

    def close(self) -> None:
        """Finish the files.

        Raises:
            UnavailableError: The disk is full or has gone.
        """
        try:
            for table in self._tables.values():
                table.close()
        except OSError as error:
            raise disk_error(error, self._folder) from error

    def _append(self, topic: str, rows: pa.Table) -> None:
        try:
            self._tables[topic].write(rows)
        except OSError as error:
            raise disk_error(error, self._folder) from error


def _as_sent(rows: pa.Table, outgoing: Outgoing) -> pa.Table:
    """A chunk's rows but those held back, with the extra messages among them."""
    order: list[Integers] = []
    extras: list[Extra] = []
    for begin, end, extra in outgoing.parts():
        order.append(np.arange(begin, end))
        if extra is not None:
            order.append(np.array([len(rows) + len(extras)]))
            extras.append(extra)
    both = pa.concat_tables([rows, _columns_of(extras, rows)])
    return both.take(pa.array(np.concatenate(order)))


def _columns_of(extras: list[Extra], like: pa.Table) -> pa.Table:
    return parsed([extra.payload for extra in extras], like)
