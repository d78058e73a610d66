"""The accounts of the models in BigQuery: per hour, rows of a fact against rows of raw.

They are written after dbt has built the hours. What whole hours were built from is noted last: it
is what the planner goes by.
"""
# ruff: noqa: S608  table and column names cannot be parameters; none is from outside

from collections.abc import Mapping, Sequence

from contracts.events import EVENTS
from musicflow_dagster.hours import HourRange, hours_of
from musicflow_dagster.warehouse.bigquery.jobs import Jobs
from musicflow_dagster.warehouse.bigquery.place import Place
from musicflow_dagster.warehouse.facts import FACTS, Fact, FactHour, is_whole


def account_for(jobs: Jobs, *ranges: HourRange) -> dict[str, list[FactHour]]:
    """Count and record the hours of `ranges` of each fact; note what they were built from."""
    counted: dict[str, list[FactHour]] = {fact.name: [] for fact in FACTS}
    for hours in ranges:
        for name, fact_hours in _counted(jobs, hours).items():
            counted[name] += fact_hours
    _record(jobs, counted, ranges)
    if all(is_whole(fact_hours) for fact_hours in counted.values()):
        _note_built(jobs, ranges)
    return counted


def _counted(jobs: Jobs, hours: HourRange) -> dict[str, list[FactHour]]:
    queries = " union all ".join(_by_hour(jobs.place, fact) for fact in FACTS)
    rows = jobs.rows(queries, "account-count", start=hours.start, end=hours.end)
    raw = {(fact, hour): count for fact, hour, side, count in rows if side == "raw"}
    built = {(fact, hour): count for fact, hour, side, count in rows if side == "fact"}
    return {
        fact.name: [
            FactHour(hour, raw.get((fact.name, hour), 0), built.get((fact.name, hour), 0))
            for hour in hours
        ]
        for fact in FACTS
    }


def _by_hour(place: Place, fact: Fact) -> str:
    sides = (
        ("raw", place.sql("raw", fact.event.name), "occurred_at"),
        ("fact", place.sql("marts", fact.name), fact.time_column),
    )
    return " union all ".join(
        f"select '{fact.name}', timestamp_trunc({time}, hour), '{side}', count(*) from {table} "
        f"where {time} >= @start and {time} < @end group by 1, 2, 3"
        for side, table, time in sides
    )


def _record(
    jobs: Jobs, counted: Mapping[str, Sequence[FactHour]], ranges: Sequence[HourRange]
) -> None:
    accounts = [
        {"fact": name, "hour": each.hour, "raw_rows": each.raw_rows, "fact_rows": each.fact_rows}
        for name, fact_hours in counted.items()
        for each in fact_hours
    ]
    jobs.run(
        f"""
        merge {jobs.place.sql("reconciliation", "fact_hours")} as t
        using (select a.fact, a.hour, a.raw_rows, a.fact_rows from unnest(@accounts) as a) as s
        on false
        when not matched by source and t.hour in unnest(@hours) then delete
        when not matched then insert (fact, hour, raw_rows, fact_rows)
          values (fact, hour, raw_rows, fact_rows)
        """,
        "account-facts",
        accounts=accounts,
        hours=hours_of(ranges),
    )


def _note_built(jobs: Jobs, ranges: Sequence[HourRange]) -> None:
    """The models of these hours now show what raw held when dbt read it."""
    jobs.run(
        f"""
        merge {jobs.place.sql("reconciliation", "built_hours")} as t
        using (
          select event, hour, manifests
          from {jobs.place.sql("reconciliation", "raw_hours")}
          where hour in unnest(@hours) and event in unnest(@events)
        ) as s
        on false
        when not matched by source and t.hour in unnest(@hours) then delete
        when not matched then insert (event, hour, manifests) values (event, hour, manifests)
        """,
        "account-built",
        hours=hours_of(ranges),
        events=[event.name for event in EVENTS],
    )
