"""What the page Charts shows: songs and artists of a period by plays, and how they moved."""
# ruff: noqa: S608  conditions and names are ours; values are parameters

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

import polars as pl

from dashboard.data.tables import Tables, Value
from dashboard.filters import Condition, Filters

PLACES = 100
STREAMS = "marts.fct_streams"
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


@dataclass(frozen=True, slots=True)
class Reach:
    """How many of the chosen days a chart is of at most, and of how many it tells what moved."""

    days: int
    compared_days: int


BY_DAY = Reach(days=91, compared_days=28)
"""Plays are kept by day."""
BY_STREAM = Reach(days=28, compared_days=7)
"""With a filter of state, plan or device single streams are counted, which takes longer."""


def reach(filters: Filters) -> Reach:
    """How far charts reach with these filters."""
    return BY_STREAM if filters.is_listening_filtered else BY_DAY


def period(filters: Filters, kind: str) -> tuple[Filters, Filters]:
    """The filters with the days of a period, and with those of the period before.

    A day is the last of the chosen ones; a week is its ISO week, up to that day, and moves
    against the whole week before. Chosen days are as many
    of the last as charts reach.

    >>> now, before = period(Filters(date(2026, 1, 1), date(2026, 1, 7)), "Week")
    >>> f"{now.first} {now.last} {before.first} {before.last}"
    '2026-01-05 2026-01-07 2025-12-29 2026-01-04'
    """
    first, last = filters.first, filters.last
    first = max(first, last - timedelta(days=reach(filters).days - 1))
    if kind == DAY:
        first = last
    elif kind == WEEK:
        first = last - timedelta(days=last.weekday())
    length = timedelta(days=7) if kind == WEEK else last - first + timedelta(days=1)
    now = replace(filters, first=first, last=last)
    return now, replace(filters, first=first - length, last=first - timedelta(days=1))


def top(
    tables: Tables, ranked: Ranked, now: Filters, before: Filters | None = None
) -> pl.DataFrame:
    """The first hundred, most played first: rank, previous_rank, names, plays, rates.

    Equals stand by name, so that they always stand in the same order. `previous_rank` is null
    for what was not among the first hundred of the period before.
    """
    plays = _plays_of_streams if now.is_listening_filtered else _plays_by_day
    conditions = _of_streams(now)
    parts = [
        f"now as ({plays(ranked, 'first', 'end', conditions)})",
        _first_hundred("ranked", "now", ranked),
    ]
    parameters: dict[str, Value] = {
        "first": _midnight(now.first),
        "end": _midnight(now.last + timedelta(days=1)),
    }
    previous, joined = "cast(null as bigint)", ""
    if before:
        parts += [
            f"before as ({plays(ranked, 'first_before', 'first', conditions)})",
            _first_hundred("ranked_before", "before", ranked),
        ]
        parameters["first_before"] = _midnight(before.first)
        previous = "ranked_before.rank"
        joined = f"left join ranked_before on ranked.{ranked.key} = ranked_before.{ranked.key}"
    return tables.rows(
        f"with {', '.join(parts)} select ranked.rank, {previous} as previous_rank,"
        f" {', '.join(f'ranked.{name}' for name in ranked.names)}, ranked.plays,"
        " ranked.listening_seconds, ranked.skips / ranked.plays as skip_rate,"
        " ranked.completions / ranked.plays as completion_rate"
        f" from ranked {joined} order by ranked.rank",
        (before.first if before else now.first, now.last),
        **conditions.parameters,
        **parameters,
    )


def is_comparable(tables: Tables, now: Filters, before: Filters) -> bool:
    """Whether the data reaches back into the period before, and to compare is not too dear."""
    first = tables.publication.first_hour
    has_data = first is not None and first.date() <= before.last
    return has_data and now.days <= reach(now).compared_days


def _first_hundred(name: str, of: str, ranked: Ranked) -> str:
    """The step `name` of a query: the first hundred of the step `of`, with names and ranks.

    Only what can be among them gets its name: most songs are far below.
    """
    names = ", ".join(ranked.names)
    least = f"select plays from {of} order by plays desc limit {PLACES}"
    return (
        f"{name} as (select {of}.*, {names},"
        f" row_number() over (order by plays desc, {names}, {ranked.key}) as rank"
        f" from {of} inner join {ranked.dimension} using ({ranked.key})"
        f" where plays >= (select min(plays) from ({least}))"
        f" qualify rank <= {PLACES})"
    )


def _plays_by_day(ranked: Ranked, first: str, end: str, _conditions: Condition) -> str:
    """Plays of the days from the parameter `first` to before `end`, by the table of days."""
    return (
        f"select {ranked.key}, cast(sum(plays) as bigint) as plays, sum(skips) as skips,"
        " sum(completions) as completions, sum(listening_seconds) as listening_seconds"
        f" from {ranked.plays} where listened_on >= cast(${first} as date)"
        f" and listened_on < cast(${end} as date)"
        f" group by {ranked.key}"
    )


def _plays_of_streams(ranked: Ranked, first: str, end: str, conditions: Condition) -> str:
    """The same, counted from single streams by state, plan and device."""
    return (
        f"select {ranked.key}, count(*) as plays, count(*) filter (where is_skipped) as skips,"
        " count(*) filter (where is_completed) as completions,"
        " sum(listening_seconds) as listening_seconds"
        f" from {STREAMS} where listened_at >= ${first} and listened_at < ${end}"
        f" and {ranked.key} <> 'unknown' and {conditions.sql} group by {ranked.key}"
    )


def _of_streams(filters: Filters) -> Condition:
    """The condition on single streams; their places and devices are keys of dimensions."""
    parts: list[str] = []
    parameters: dict[str, Value] = {}
    # The dimension has another name for what is not known than the reports.
    state = "case when state = 'Unknown state' then 'unknown' else state end"
    for each, key, dimension in (
        (filters.where(plan="level"), None, None),
        (filters.where(state=state), "location_key", "marts.dim_locations"),
        (filters.where(device="device_type"), "device_key", "marts.dim_devices"),
    ):
        if each.parameters:
            inside = f"{key} in (select {key} from {dimension} where {each.sql})"
            parts.append(inside if key else each.sql)
            parameters |= each.parameters
    return Condition(" and ".join(parts) or "true", parameters)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
