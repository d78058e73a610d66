"""What steps and commands ask of a warehouse, whichever it is."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol

import duckdb
import polars as pl

from contracts.store import Store
from contracts.suppression import Suppressions
from musicflow_dagster.column_lineage import Catalogue
from musicflow_dagster.counted import Account, Counts, Finding, Place
from musicflow_dagster.hours import HourRange
from musicflow_dagster.landed import Landed
from musicflow_dagster.load_report import LoadReport
from musicflow_dagster.warehouse.facts import FactHour
from musicflow_dagster.warehouse.published import Published


class Warehouse(Protocol):
    """A warehouse that a step works with: open, and with everything in it that loads need.

    Its methods raise `UnavailableError` where trying again may help, and other errors of
    `contracts.errors` where it won't. Whatever is cut short can be done again, and is done whole.
    """

    def onlooker(self, store: Store) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """A DuckDB that reads the lake's files, so that they are judged alike for all."""

    def replace(self, landed: Landed, hours: Sequence[datetime]) -> LoadReport:
        """Replace `hours` of a raw table by what has `landed`, and note their accounts.

        The hours were judged; what shows only while loading is refused then.
        """

    def account_for(self, *ranges: HourRange) -> dict[str, list[FactHour]]:
        """Count and record the hours of each fact; note what whole ones were built from."""

    def set_pseudonym_key(self, key: str) -> None:
        """Put the key where the models find it.

        Raises:
            ConfigurationError: The models were built with another key.
        """

    def replace_songs(self, songs: pl.DataFrame) -> None:
        """Put `songs` in the place of the catalogue that stood."""

    def publish(self, tables: Sequence[Published], *ranges: HourRange) -> Mapping[str, Any]:
        """Let readers see what a build of `ranges` has changed; tell of it.

        Raises:
            ConfigurationError: A table may not be seen by readers; nothing was published.
        """

    def row_counts(self, names: Collection[str]) -> dict[str, int]:
        """Rows of the models of these names, of those that stand."""

    def purge(self, suppressed: Suppressions) -> Counts:
        """Delete what raw has of forgotten users, and account for it; rows by event and hour.

        The hours count as not built from then on.
        """

    def unbuilt_hours(self) -> list[datetime]:
        """Hours whose models do not show what raw holds."""

    def rows_of_user(self, user_key: str) -> Mapping[str, int]:
        """Rows of the models' tables that have this pseudonym, of the tables that have any."""

    def columns(self) -> Catalogue:
        """The columns of all tables, and their types."""


class Standing(Protocol):
    """Which publish of which warehouse readers see."""

    @property
    def warehouse(self) -> str:
        """What stands for the warehouse; one that is made anew has another."""

    @property
    def number(self) -> int:
        """The publish, counted from 1."""


class Recount(Protocol):
    """The rows that really stand in raw, counted while no run writes."""

    def raw_rows(self, hours: HourRange | None) -> Counts:
        """Rows of each raw table by hour."""

    def copies(self, hours: HourRange | None) -> list[Finding]:
        """Hours of raw in which identities stand more than once."""


class Publications(Protocol):
    """What was published: what readers, the planner and the proofs go by."""

    @property
    def place(self) -> str:
        """Where it is, for people."""

    def standing(self) -> Standing | None:
        """What stands now; None before the first publish, or if the warehouse is gone."""

    def built_hours(self, since: datetime | None = None) -> dict[str, dict[datetime, str]]:
        """Per event, the hours (`since` one) that models were built for; from which manifests.

        Without the warehouse nothing counts as built, so that a lost one is made again.
        """

    def built(self, hours: HourRange | None) -> dict[Place, str]:
        """The same for `hours`, as it was published, whether or not the warehouse stands."""

    def accounts(self, hours: HourRange | None) -> dict[Place, Account]:
        """The accounts of the loads."""

    def last_loads(self) -> dict[str, datetime]:
        """Per event, when its newest load was."""

    def fact_rows(self, hours: HourRange | None) -> tuple[Counts, list[Finding]]:
        """Rows of each fact by hour, and what of the facts cannot be read."""

    def recount(self, patience_seconds: float) -> AbstractContextManager[Recount]:
        """Raw's rows, once no run writes; until the end, none begins to.

        Raises:
            UnavailableError: A run wrote all the time, or the warehouse cannot be read.
        """
