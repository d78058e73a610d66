"""What had landed of an event's hours when a run looked: the rows by manifest, and the files."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from contracts.events import Event
from contracts.store import Store
from contracts.suppression import Suppressions
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex, LandedFile, LandedHour
from musicflow_dagster.load_report import LoadReport, Refusal
from musicflow_dagster.recount import rows_by_footer

NOTHING = LandedHour("", 0, 0, 0, 0)
NOBODY = Suppressions()
NAMED = 5
"""Most files that a refusal names."""


@dataclass(frozen=True, slots=True)
class Landed:
    """What had landed of some hours of `event`; an hour without rows is not in `hours`."""

    event: Event
    store: Store
    hours: Mapping[datetime, LandedHour]
    files: Sequence[LandedFile]
    suppressed: Suppressions = NOBODY
    """Whose rows are left out, wherever they still stand."""

    def of(self, hour: datetime) -> LandedHour:
        """What manifests say of `hour`."""
        return self.hours.get(hour, NOTHING)

    def files_of(self, hours: Sequence[datetime]) -> list[LandedFile]:
        """The files of `hours`."""
        wanted = set(hours)
        return [file for file in self.files if file.hour in wanted]

    def rewritten(self, hours: Sequence[datetime]) -> dict[datetime, int]:
        """Rows that files of `hours` have lost since they landed: those of erased users.

        An erasure is on record before a file is written anew: its footer tells whether it was.
        """
        lost: Counter[datetime] = Counter()
        for file in self.files_of(hours):
            if file.erased:
                held = rows_by_footer(partial(self.store.open, file.path))
                lost[file.hour] += file.rows - held if isinstance(held, int) else 0
        return lost

    def urls(self, files: Sequence[LandedFile]) -> list[str]:
        """What an engine opens to read `files`."""
        return [self.store.url(file.path) for file in files]

    def halving(
        self,
        hours: Sequence[datetime],
        work: Callable[[Sequence[datetime]], LoadReport],
        unreadable: tuple[type[Exception], ...],
    ) -> LoadReport:
        """Do `work`; where files can't be read, halve until the bad hours stand alone."""
        try:
            return work(hours) if hours else LoadReport()
        except unreadable as error:
            if len(hours) == 1:
                # The message may quote a value; its type and the hour's files say enough.
                paths = ", ".join(file.path for file in self.files_of(hours)[:NAMED])
                reason = f"files cannot be read ({type(error).__name__}): {paths}"
                return LoadReport(refused={hours[0]: Refusal(reason)})
            middle = len(hours) // 2
            report = self.halving(hours[:middle], work, unreadable)
            report.add(self.halving(hours[middle:], work, unreadable))
            return report


def landed_of(
    index: LakeIndex,
    event: Event,
    ranges: Sequence[HourRange],
    suppressed: Suppressions = NOBODY,
) -> Landed:
    """What the index says of the hours of `ranges` now."""
    hours: dict[datetime, LandedHour] = {}
    files: list[LandedFile] = []
    for each in ranges:
        of_range, its_files = index.hours(event.name, each.start, each.end)
        hours.update(of_range)
        files += its_files
    return Landed(event, index.store, hours, files, suppressed)
