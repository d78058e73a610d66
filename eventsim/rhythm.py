"""When sessions begin: exponential gaps, bent to the hour of day and thinned at weekends."""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from eventsim.config import Config
from eventsim.randomness import Bits, Floats, Integers, drawn, exponentials, units

DAY = 86_400
MINUTES = 1440
QUIETEST = 3 * 3600
"""Second of the day around which gaps are stretched apart."""
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2200, 1, 1)


class Rhythm:
    """The times at which listeners come back."""

    def __init__(self, config: Config) -> None:
        """Take damping, weekends and the least gap from the configuration."""
        self._swing = config.damping * DAY
        self._gap = config.session_gap
        self._thinning = config.weekend_damping
        self._by_kind = _damping_by_kind(config)
        self._kinds = _kinds_of_days()

    def next_start(self, last: Integers, beta: Floats, states: Bits) -> Integers:
        """When each listener's next session begins, epoch seconds.

        Args:
            last: When each was last there, epoch seconds.
            beta: Each listener's mean gap, seconds.
            states: Each listener's generator; moves on in place.
        """
        starts = last.copy()
        open_rows = np.arange(len(last))
        since, own, gap = last.copy(), states.copy(), beta
        while open_rows.size:
            wanted = self._warped(since + (exponentials(drawn(own)) * gap).astype(np.int64))
            before = wanted < since
            kept = ~before & (units(drawn(own)) >= self.damping(wanted))
            starts[open_rows[kept]] = wanted[kept]
            states[open_rows[kept]] = own[kept]
            since = np.where(before, since + self._gap, wanted)
            again = np.flatnonzero(~kept)
            open_rows, since, own, gap = open_rows[again], since[again], own[again], gap[again]
        return starts

    def damping(self, at: Integers) -> Floats:
        """The share of sessions that are given up at these times, 0 to 1."""
        day, second = np.divmod(at, DAY)
        kind = self._kinds[np.clip(day - _epoch_day(FIRST_DAY), 0, len(self._kinds) - 1)]
        damped: Floats = self._by_kind[kind, second // 60]
        return damped

    def _warped(self, at: Integers) -> Integers:
        """The gap's end, moved so that afternoons are full and early mornings empty."""
        at = at + self._gap
        angle = (2 * np.pi / DAY) * (at % DAY - QUIETEST)
        return at + np.trunc(self._swing * np.sin(angle)).astype(np.int64)


def holidays(year: int) -> set[date]:
    """The days other than weekends on which fewer people listen (US).

    >>> sorted(holidays(2024))[1]
    datetime.date(2024, 5, 27)
    """
    memorial_day = date(year, 5, 31) - timedelta(days=date(year, 5, 31).weekday())
    labor_day = date(year, 9, 7) - timedelta(days=date(year, 9, 7).weekday())
    november = date(year, 11, 1)
    thanksgiving = november + timedelta(days=(3 - november.weekday()) % 7 + 21)
    fixed = {date(year, 1, 1), date(year, 7, 4), date(year, 11, 11), date(year, 12, 25)}
    return fixed | {memorial_day, labor_day, thanksgiving}


def _epoch_day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _kinds_of_days() -> npt.NDArray[np.int8]:
    """For each day, 4 if yesterday is off, plus 2 if it is itself, plus 1 if tomorrow is."""
    days = (LAST_DAY - FIRST_DAY).days
    weekday = (np.arange(days) + FIRST_DAY.weekday()) % 7
    off = weekday >= 5
    for year in range(FIRST_DAY.year, LAST_DAY.year):
        for day in holidays(year):
            off[(day - FIRST_DAY).days] = True
    yesterday, tomorrow = np.roll(off, 1), np.roll(off, -1)
    return (4 * yesterday + 2 * off + tomorrow).astype(np.int8)


def _damping_by_kind(config: Config) -> Floats:
    """Damping by kind of day and minute of it: up before days off, down after them."""
    minute = np.arange(MINUTES)
    offset, scale = config.weekend_damping_offset, config.weekend_damping_scale
    table = np.zeros((8, MINUTES))
    for kind in range(8):
        yesterday, today, tomorrow = bool(kind & 4), bool(kind & 2), bool(kind & 1)
        if today:
            coming = np.ones(MINUTES) if yesterday else (minute + offset) / scale
            going = np.ones(MINUTES) if tomorrow else (MINUTES + offset - minute) / scale
            table[kind] = np.minimum(coming, going)
        else:
            coming = (minute - MINUTES + offset) / scale if tomorrow else np.zeros(MINUTES)
            going = (offset - minute) / scale if yesterday else np.zeros(MINUTES)
            table[kind] = np.maximum(coming, going)
    damped: Floats = config.weekend_damping * np.clip(table, 0, 1)
    return damped
