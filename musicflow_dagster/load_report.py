"""What becomes of the hours of a raw load: loaded with these numbers, or refused for a reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from musicflow_dagster.contract_check import Breach
from musicflow_dagster.lake_index import LandedHour


@dataclass(frozen=True, slots=True)
class LoadedHour:
    """What an hour's load came to: `landed.rows = raw_rows + duplicates + erased`."""

    landed: LandedHour
    raw_rows: int
    duplicates: int
    conflicting_duplicates: int
    erased: int = 0
    """Rows of forgotten users: taken out of the files, or left out by the load."""

    @property
    def is_balanced(self) -> bool:
        """Whether every landed row is accounted for, and none stands that is to be erased."""
        accounted_for = self.raw_rows + self.duplicates + self.erased
        return self.landed.rows == accounted_for and self.erased >= self.landed.erased


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an hour is left as it was."""

    reason: str
    breaches: tuple[Breach, ...] = ()


Refusals = Mapping[datetime, Refusal]
EXPIRED = Refusal("its files have expired from the lake; raw keeps the hour as it is")


@dataclass(slots=True)
class LoadReport:
    """What became of each hour of a load."""

    loaded: dict[datetime, LoadedHour] = field(default_factory=dict)
    refused: dict[datetime, Refusal] = field(default_factory=dict)

    costs: dict[str, float] = field(default_factory=dict)
    """What the load cost where that is told, by what it is counted in."""

    def without_refused(self, hours: Sequence[datetime]) -> list[datetime]:
        """Those of `hours` that were not refused."""
        return [hour for hour in hours if hour not in self.refused]

    def add(self, other: "LoadReport") -> None:
        """Take in what became of other hours."""
        self.loaded.update(other.loaded)
        self.refused.update(other.refused)
        for what, number in other.costs.items():
            self.costs[what] = self.costs.get(what, 0) + number


def unbalanced(hour: LoadedHour) -> Refusal:
    """The refusal of an hour whose rows don't add up."""
    return Refusal(
        f"manifests say {hour.landed.rows} rows, the files hold {hour.raw_rows} for this hour "
        f"and {hour.duplicates} duplicates"
        + (f"; {hour.erased} rows of {hour.landed.erased} are erased" if hour.landed.erased else "")
    )
