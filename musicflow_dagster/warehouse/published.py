"""Which tables readers see, and how a build changes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.errors import ConfigurationError
from contracts.events import EVENTS, lake_fields
from musicflow_dagster.hours import HourRange

PUBLISHED_SCHEMAS = frozenset({"marts", "reporting", "reconciliation"})
PERSONAL = frozenset(each.name for event in EVENTS for each in lake_fields(event) if each.personal)


@dataclass(frozen=True, slots=True)
class Published:
    """How a table is published: whole, or by UTC day of `time_column`, widened by its reach.

    A view is published as a view of the other published tables.
    """

    schema: str
    table: str
    by: Literal["whole", "day", "view"] = "whole"
    time_column: str = ""
    before_hours: int = 0
    after_hours: int = 0
    in_whole_weeks: bool = False
    """A row stands for its ISO week, on the Monday: it changes with any day of it."""
    changes_any_day: bool = False
    """A build can change rows of days long before: those to write are found by comparing."""

    @property
    def name(self) -> str:
        """Its name with the schema."""
        return f"{self.schema}.{self.table}"

    def days(self, hours: HourRange) -> Iterator[datetime]:
        """The days whose rows a build of `hours` can change."""
        reached = hours.widened(self.before_hours, self.after_hours)
        return (reached.in_whole_weeks() if self.in_whole_weeks else reached).days()


def guard(table: Published, columns: Iterable[str]) -> None:
    """Refuse tables of the inner layers and columns that tell who somebody is.

    Raises:
        ConfigurationError: Readers must not see the table.
    """
    personal = PERSONAL.intersection(columns)
    if table.schema not in PUBLISHED_SCHEMAS or personal:
        what = f"its columns {sorted(personal)}" if personal else f"schema {table.schema}"
        raise ConfigurationError(f"{table.name} must not be published: {what} are personal")


RECONCILIATION = (
    Published("reconciliation", "raw_hours"),
    Published("reconciliation", "fact_hours"),
    Published("reconciliation", "built_hours"),
)
