"""What the reader wants to see: a range of days, states, countries, plans, devices.

Filters live in the URL, so that a view can be shared. Nothing from a URL becomes part of a query:
values are parameters, and only those that the data has are taken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dashboard.data.tables import Days, Value

DEFAULT_DAYS = 28
"""How many days, up to the last with data, are shown unless others are asked for."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition for a query's `where`, and its parameters."""

    sql: str
    parameters: dict[str, Value]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the data has to choose from; the days are those of its first and last hour, UTC."""

    first: date
    last: date
    states: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def default(self) -> "Filters":
        """What is shown unless something else is asked for."""
        earliest = self.last - timedelta(days=DEFAULT_DAYS - 1)
        return Filters(max(self.first, earliest), self.last)


@dataclass(frozen=True, slots=True)
class Filters:
    """Days `first` to `last`, both included; an empty tuple filters nothing."""

    first: date
    last: date
    states: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    @property
    def span(self) -> Days:
        """The first day and the last."""
        return self.first, self.last

    @property
    def days(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def is_listening_filtered(self) -> bool:
        """Whether listening data is asked for by state, plan or device."""
        return bool(self.states or self.plans or self.devices)

    def chosen(self) -> tuple[str, ...]:
        """The names, in the URL, of the filters that are set, days aside."""
        return tuple(name for name in NAMES if getattr(self, NAMES[name]))

    def only(self, names: Sequence[str]) -> "Filters":
        """The same days, with those of the other filters that `names` has, as in the URL."""
        left_out: dict[str, Any] = {NAMES[name]: () for name in NAMES if name not in names}
        return replace(self, **left_out)

    def where(  # noqa: PLR0913  each column may be there or not, and is named where it is
        self,
        *,
        day: str | None = None,
        hour: str | None = None,
        state: str | None = None,
        country: str | None = None,
        plan: str | None = None,
        device: str | None = None,
    ) -> Condition:
        """The condition on the columns that are named; filters without a column don't apply.

        Args:
            day: A column with dates.
            hour: A column with times, UTC.
            state: A column with states; the others likewise.
            country: A column with countries.
            plan: A column with plans.
            device: A column with kinds of devices.

        >>> Filters(date(2026, 1, 1), date(2026, 1, 2), plans=("paid",)).where(plan="level").sql
        'level in ($plan_0)'
        """
        parts: list[str] = []
        parameters: dict[str, Value] = {}
        if day:
            parts.append(f"{day} between $first and $last")
            parameters |= {"first": self.first, "last": self.last}
        if hour:
            parts.append(f"{hour} >= $since and {hour} < $until")
            parameters["since"] = datetime.combine(self.first, time())
            parameters["until"] = datetime.combine(self.last + timedelta(days=1), time())
        columns = {"state": state, "country": country, "plan": plan, "device": device}
        for name, column in columns.items():
            values = getattr(self, NAMES[name])
            if column and values:
                names = [f"{name}_{number}" for number in range(len(values))]
                parts.append(f"{column} in ({', '.join(f'${each}' for each in names)})")
                parameters |= dict(zip(names, values, strict=True))
        return Condition(" and ".join(parts) or "true", parameters)


NAMES = {"state": "states", "country": "countries", "plan": "plans", "device": "devices"}
"""A filter's name in the URL, and in `Filters` and `Choices`."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a URL asks for, and notes on what in it was ignored."""

    filters: Filters
    notes: tuple[str, ...] = field(default=())


def read(url: Mapping[str, Sequence[str]], choices: Choices) -> Read:
    """What a URL's parameters ask for; what is wrong in them is ignored, and noted."""
    filters, notes = choices.default(), list[str]()
    first = _day(url, "first", notes)
    last = _day(url, "last", notes)
    if first or last:
        if first and last and first > last:
            notes.append("The link's days begin after they end: all days are shown.")
            first, last = choices.first, choices.last
        last = min(last or choices.last, choices.last)
        first = max(first or choices.first, choices.first)
        if first > last:
            notes.append("The link asks for days that the data does not have: all are shown.")
            first, last = choices.first, choices.last
        filters = replace(filters, first=first, last=last)
    picked: dict[str, Any] = {}
    for name, plural in NAMES.items():
        asked = dict.fromkeys(url.get(name, ()))
        known = tuple(value for value in asked if value in getattr(choices, plural))
        if len(known) < len(asked):
            notes.append(f"The link asks for a {name} that the data does not have: left out.")
        picked[plural] = known
    return Read(replace(filters, **picked), tuple(notes))


def to_url(filters: Filters, choices: Choices) -> dict[str, list[str]]:
    """The parameters that ask for `filters`; none for what is the default."""
    url = {name: list(getattr(filters, plural)) for name, plural in NAMES.items()}
    default = choices.default()
    if (filters.first, filters.last) != (default.first, default.last):
        url |= {"first": [f"{filters.first}"], "last": [f"{filters.last}"]}
    return {name: values for name, values in url.items() if values}


def _day(url: Mapping[str, Sequence[str]], name: str, notes: list[str]) -> date | None:
    written = url.get(name)
    if not written:
        return None
    try:
        return datetime.strptime(written[-1], "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        notes.append(f"The link's `{name}` is no date (such as 2026-01-31): left out.")
        return None
