"""How pages read published tables, wherever these are kept."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

import polars as pl

from contracts.errors import LakeError

Value = str | int | float | bool | date | datetime | None
Days = tuple[date, date]
"""The first day and the last, both included; UTC."""


class NotPublishedError(LakeError):
    """A table, or any at all, has not been published yet."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a reader has before them: which publication, when it was made, how far it reaches.

    Hours are aware UTC times; `first_hour` and `last_hour` are None where no hour was built.
    """

    number: int
    published_at: datetime
    first_hour: datetime | None
    last_hour: datetime | None
    """The begin of the last hour that was built."""


class Tables(Protocol):
    """One publication of `marts.*`, `reporting.*` and `reconciliation.*`."""

    @property
    def publication(self) -> Published:
        """Which publication this is; the same for all queries of a page view."""
        ...

    def has(self, table: str) -> bool:
        """Whether `schema.table` is published."""
        ...

    def rows(self, query: str, within: Days | None = None, /, **parameters: Value) -> pl.DataFrame:
        """Rows of a DuckDB `query`, in which `$name` stands for a parameter.

        Args:
            query: Of published tables, by their names with the schema.
            within: Days outside of which the query's own conditions leave no row of a table that
                is kept by day: the files of others need not be opened.
            parameters: Their values.

        Raises:
            NotPublishedError: A table that it names is not published.
            LakeError: A published file is gone or damaged.
        """
        ...
