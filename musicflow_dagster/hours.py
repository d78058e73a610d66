"""Ranges of hours: what the planner asks for and a run builds."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from contracts.lake import HOUR, hour_key


@dataclass(frozen=True, slots=True, order=True)
class HourRange:
    """The UTC hours from `start` up to, not including, `end`."""

    start: datetime
    end: datetime

    def __iter__(self) -> Iterator[datetime]:
        """The hours, by their starts."""
        hour = self.start
        while hour < self.end:
            yield hour
            hour += HOUR

    def __len__(self) -> int:
        """How many hours it holds."""
        return int((self.end - self.start) / HOUR)

    def __str__(self) -> str:
        """The first and the last hour, as partitions are named."""
        first, last = hour_key(self.start), hour_key(self.last)
        return first if first == last else f"{first}...{last}"

    @property
    def last(self) -> datetime:
        """The start of its last hour."""
        return self.end - HOUR

    def widened(self, before: int, after: int) -> "HourRange":
        """The range with `before` hours more in front and `after` more behind."""
        return HourRange(self.start - before * HOUR, self.end + after * HOUR)

    def in_whole_weeks(self) -> "HourRange":
        """The ISO weeks that it touches, each from Monday's midnight to the next."""
        first = self.start.replace(hour=0) - timedelta(days=self.start.weekday())
        last = self.last.replace(hour=0) - timedelta(days=self.last.weekday())
        return HourRange(first, last + timedelta(weeks=1))

    def days(self) -> Iterator[datetime]:
        """The UTC days that it touches, by their midnights."""
        day = self.start.replace(hour=0)
        while day < self.end:
            yield day
            day += timedelta(days=1)


def ranges_of(
    hours: Iterable[datetime], longest: int = sys.maxsize, between: int = 0
) -> Iterator[HourRange]:
    """The hours grouped into ranges of at most `longest` hours, in order.

    A range may have up to `between` hours that are none of these from one of them to the next.
    """
    start = end = None
    for hour in sorted(set(hours)):
        if start and end and hour - end <= between * HOUR and (hour - start) // HOUR < longest:
            end = hour + HOUR
            continue
        if start and end:
            yield HourRange(start, end)
        start, end = hour, hour + HOUR
    if start and end:
        yield HourRange(start, end)


def hours_of(ranges: Iterable[HourRange]) -> list[datetime]:
    """All hours of `ranges`."""
    return [hour for each in ranges for hour in each]


def is_within(hour: datetime, hours: HourRange | None) -> bool:
    """Whether it is one of `hours`; None stands for all."""
    return hours is None or hours.start <= hour < hours.end


def naive(hour: datetime) -> datetime:
    """The hour as the warehouse stores it: UTC without saying so."""
    return hour.astimezone(UTC).replace(tzinfo=None)


def aware(hour: datetime) -> datetime:
    """An hour read from the warehouse, with its zone."""
    return hour.replace(tzinfo=UTC)
