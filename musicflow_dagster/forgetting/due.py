"""Which hours an erasure has to build again, and which of them the lake can give anew."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from contracts.events import EVENTS
from contracts.lake import HOUR, parse_hour_key
from musicflow_dagster.hours import HourRange, ranges_of
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.warehouse.protocol import Publications

HOURS_BETWEEN = 24
"""Hours that are no farther apart are built as one range: many models work by the day anyway, and
to begin costs more than a day between."""


@dataclass(frozen=True, slots=True)
class DueHours:
    """Hours to build: from the lake on, or by the models alone, where the lake has lost them."""

    from_lake: tuple[datetime, ...]
    models_only: tuple[datetime, ...]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.from_lake or self.models_only)

    def __iter__(self) -> Iterator[datetime]:
        """All of them."""
        yield from (*self.from_lake, *self.models_only)


def due_hours(
    index: LakeIndex,
    publications: Publications,
    unbuilt: Iterable[datetime],
    tried: Collection[datetime] = (),
) -> DueHours:
    """The hours of which rows were erased since they were built; `unbuilt` are those of raw.

    Hours that were never built come with the planner, in their time. Of those that were `tried`
    raw is right already: the lake's files were refused.
    """
    reopened = set(_reopened(index, publications)).difference(tried)
    wanted = sorted({*unbuilt, *reopened})
    if not wanted:
        return DueHours((), ())
    there = set(_that_the_lake_has(index, publications, wanted))
    return DueHours(
        tuple(hour for hour in wanted if hour in there),
        tuple(hour for hour in wanted if hour not in there),
    )


def _reopened(index: LakeIndex, publications: Publications) -> Iterator[datetime]:
    """Built hours that erasures have made others."""
    landed, built = index.fingerprints(), publications.built_hours()
    for event, key in index.query("select distinct event, hour from erasures"):
        hour = parse_hour_key(key)
        held = built.get(event, {}).get(hour)
        if held is not None and held != landed.get(event, {}).get(hour):
            yield hour


def _that_the_lake_has(
    index: LakeIndex, publications: Publications, wanted: list[datetime]
) -> Iterator[datetime]:
    """Those that have not expired, and of which no row is lost that they were loaded from."""
    expired = max(index.expired_before().values(), default=None)
    span = HourRange(wanted[0], wanted[-1] + HOUR)
    landed = {event.name: index.hours(event.name, span.start, span.end)[0] for event in EVENTS}
    lost = {
        hour
        for (event, hour), account in publications.accounts(span).items()
        if event in landed
        and account.landed > (landed[event][hour].rows if hour in landed[event] else 0)
    }
    for hour in wanted:
        if hour not in lost and (expired is None or hour >= expired):
            yield hour


def ranges_with_gaps(hours: Iterable[datetime], longest: int) -> Iterator[HourRange]:
    """The hours in ranges, with those between them that are not many."""
    return ranges_of(hours, longest, HOURS_BETWEEN)
