"""What a page gets to show itself with."""

from dataclasses import dataclass

from dashboard.data.tables import NotPublishedError, Tables
from dashboard.filters import Filters
from dashboard.settings import Settings


@dataclass(frozen=True, slots=True)
class View:
    """One page view: the settings, and where something was published its tables and filters."""

    settings: Settings
    published: tuple[Tables, Filters] | None

    @property
    def tables(self) -> Tables:
        """The published tables.

        Raises:
            NotPublishedError: Nothing was published yet.
        """
        return self._published()[0]

    @property
    def filters(self) -> Filters:
        """What the reader wants to see.

        Raises:
            NotPublishedError: Nothing was published yet.
        """
        return self._published()[1]

    def _published(self) -> tuple[Tables, Filters]:
        if self.published is None:
            raise NotPublishedError("nothing was published yet")
        return self.published
