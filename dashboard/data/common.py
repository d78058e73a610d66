"""What every page asks of the published tables: what there is to choose, how complete it is."""
# ruff: noqa: S608  conditions and names are ours; values are parameters

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from dashboard.data.tables import Tables
from dashboard.filters import Choices, Filters

PLANS = ("free", "paid")


def choices(tables: Tables) -> Choices | None:
    """What the reader can choose from; None where no hour was built."""
    publication = tables.publication
    if publication.first_hour is None or publication.last_hour is None:
        return None
    return Choices(
        publication.first_hour.date(),
        publication.last_hour.date(),
        states=_states(tables),
        countries=_values(tables, "reporting.rpt_player_engagement", "country"),
        plans=PLANS,
        devices=_values(tables, "marts.dim_devices", "device_type"),
    )


def _states(tables: Tables) -> tuple[str, ...]:
    """All states that were ever seen; the dimension is far smaller than the reports."""
    # It has another name for what is not known than the reports.
    known = _values(tables, "marts.dim_locations", "state")
    return tuple("unknown" if state == "Unknown state" else state for state in known)


def _values(tables: Tables, table: str, column: str) -> tuple[str, ...]:
    if not tables.has(table):
        return ()
    query = f"select distinct {column} from {table} where {column} is not null order by 1"
    return tuple(tables.rows(query).to_series())


@dataclass(frozen=True, slots=True)
class Completeness:
    """Hours that are built, of those between the first and the last that data is known of."""

    built: int
    hours: int
    as_of: datetime | None
    """The end of the last hour of the range that was built, UTC."""

    @property
    def is_complete(self) -> bool:
        """Whether no hour is missing."""
        return self.built >= self.hours


def completeness(tables: Tables, filters: Filters) -> Completeness:
    """How complete the days of `filters` are; an hour counts once all topics of it are built."""
    where = filters.where(hour="hour")
    found = tables.rows(
        "with hours as ("
        " select hour, count(distinct event) as topics from reconciliation.built_hours"
        f" where {where.sql} group by hour"
        "), all_topics as ("
        " select count(distinct event) as topics from reconciliation.built_hours"
        ") select count(*) filter (where topics = (select topics from all_topics)) as built,"
        " max(hour) as last from hours",
        **where.parameters,
    )
    built, last = found.row(0)
    if last is None:
        return Completeness(0, _hours(tables, filters), None)
    as_of = last.replace(tzinfo=UTC) + timedelta(hours=1)
    return Completeness(built, _hours(tables, filters), as_of)


def _hours(tables: Tables, filters: Filters) -> int:
    """Hours of the range, from the first to the last of the data."""
    publication = tables.publication
    if publication.first_hour is None or publication.last_hour is None:
        return 0
    since = datetime.combine(filters.first, time(), UTC)
    until = datetime.combine(filters.last + timedelta(days=1), time(), UTC)
    first = max(since, publication.first_hour)
    end = min(until, publication.last_hour + timedelta(hours=1))
    return max(0, round((end - first) / timedelta(hours=1)))
