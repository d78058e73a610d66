"""What the page Charts shows: songs and artists of a period by plays, and how they moved."""
# ruff: noqa: S608  conditions and names are ours; values are parameters

from dataclasses import dataclass, replace
from datetime import timedelta

import polars as pl

from dashboard.data.tables import Tables
from dashboard.filters import Condition, Filters

PLACES = 100
DAY, WEEK, RANGE = "Day", "Week", "Chosen days"
PERIODS = (DAY, WEEK, RANGE)


@dataclass(frozen=True, slots=True)
class Ranked:
    """What is ranked: its key, its names, and the tables of its plays by day."""

    key: str
    names: tuple[str, ...]
    plays: str
    """Without filters."""
    dimension: str


SONGS = Ranked(
    "song_key", ("song_title", "artist_name"), "reporting.rpt_song_plays", "marts.dim_songs"
)
ARTISTS = Ranked("artist_key", ("artist_name",), "reporting.rpt_artist_plays", "marts.dim_artists")
FILTERED = "reporting.rpt_song_days"
"""The plays of songs and artists by state, plan and device."""


def period(filters: Filters, kind: str) -> tuple[Filters, Filters]:
    """The filters with the days of a period, and with those of the period before.

    A day is the last of the chosen ones; a week is its ISO week, up to that day, and moves
    against the whole week before.

    >>> from datetime import date
    >>> now, before = period(Filters(date(2026, 1, 1), date(2026, 1, 7)), "Week")
    >>> f"{now.first} {now.last} {before.first} {before.last}"
    '2026-01-05 2026-01-07 2025-12-29 2026-01-04'
    """
    first, last = filters.first, filters.last
    if kind == DAY:
        first = last
    elif kind == WEEK:
        first = last - timedelta(days=last.weekday())
    length = timedelta(days=7) if kind == WEEK else last - first + timedelta(days=1)
    now = replace(filters, first=first, last=last)
    return now, replace(filters, first=first - length, last=first - timedelta(days=1))


def top(tables: Tables, ranked: Ranked, now: Filters, before: Filters) -> pl.DataFrame:
    """The first hundred, most played first: rank, previous_rank, names, plays, rates.

    Equals stand by name, so that they always stand in the same order. `previous_rank` is null
    where there were no plays in the period before.
    """
    source = FILTERED if now.is_listening_filtered else ranked.plays
    names = ", ".join(ranked.names)
    return tables.rows(
        f"with now as ({_plays(source, ranked, 'first', 'last', now)}),"
        f" before as ({_plays(source, ranked, 'first_before', 'last_before', now)}),"
        f" ranked_before as (select {ranked.key}, {_rank(names)} as previous_rank"
        f"  from before inner join {ranked.dimension} using ({ranked.key})),"
        f" ranked as (select *, {_rank(names)} as rank"
        f"  from now inner join {ranked.dimension} using ({ranked.key}))"
        f" select rank, previous_rank, {names}, plays, listening_seconds,"
        "  skips / plays as skip_rate, completions / plays as completion_rate"
        f" from ranked left join ranked_before using ({ranked.key})"
        f" where rank <= {PLACES} order by rank",
        **_conditions(now).parameters,
        first=now.first,
        last=now.last,
        first_before=before.first,
        last_before=before.last,
    )


def has_days(tables: Tables, filters: Filters) -> bool:
    """Whether the data reaches back into the days of `filters`."""
    first = tables.publication.first_hour
    return first is not None and first.date() <= filters.last


def _plays(source: str, ranked: Ranked, first: str, last: str, filters: Filters) -> str:
    return (
        f"select {ranked.key}, cast(sum(plays) as bigint) as plays, sum(skips) as skips,"
        " sum(completions) as completions, sum(listening_seconds) as listening_seconds"
        f" from {source} where listened_on between ${first} and ${last}"
        f" and {_conditions(filters).sql} and {ranked.key} <> 'unknown' group by {ranked.key}"
    )


def _rank(names: str) -> str:
    return f"row_number() over (order by plays desc, {names})"


def _conditions(filters: Filters) -> Condition:
    return filters.where(state="state", plan="level", device="device_type")
