"""What a day of events needs and costs, reckoned from measured figures and assumed prices."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

DAYS = 30
"""Of a month."""
DAY = 86_400
HOURS = 24
GB = 1e9
TIB = 2**40
TOPICS = 5


@dataclass(frozen=True, slots=True)
class Assumptions:
    """All that goes in: measured (see docs/capacity.md), chosen, and prices in US dollars."""

    # Measured, on two cores; CPU-seconds of all processes, bytes per million messages.
    cpu_landing: float = 7.4
    cpu_serving: float = 42
    """A million player actions into lake and Postgres; half of all messages are such."""
    cpu_build: float = 31
    """Raw load, models, tests of a million messages in hourly runs."""
    cpu_run: float = 30
    """An hourly run, however little there is to do."""
    gb_kafka: float = 0.42
    gb_lake: float = 0.041
    gb_warehouse: float = 0.069
    gb_snapshot: float = 0.010
    gb_postgres: float = 0.48
    """A million player actions."""

    # Chosen.
    peak: float = 3
    """The busiest hour beside the mean one."""
    busy: float = 0.5
    """Share of the cores that the peak may take; the rest works off backlogs."""
    kafka_days: float = 7
    kafka_copies: float = 3
    lake_days: float = 365
    postgres_share: float = 0.5
    """Share of messages that are served by Postgres."""
    postgres_days: float = 30
    bigquery_gb: float = 0.35
    """Logical bytes, uncompressed, per million messages in raw and marts: 350 bytes a message."""
    bigquery_reads: float = 15
    """How often a day's bytes are read by the builds of its hours."""
    requests: float = 50_000
    """Objects that landing writes a day (records, files), where files are not larger."""

    # Prices: list prices of Google's as remembered in November 2026. Check yours.
    vcpu_hour: float = 0.05
    """A core with 4 GiB of memory."""
    dataproc_vcpu_hour: float = 0.01
    """On top, where Dataproc runs it."""
    disk_gb_month: float = 0.17
    bucket_gb_month: float = 0.02
    bucket_1000_writes: float = 0.005
    bigquery_tib_read: float = 6.25
    bigquery_gb_month: float = 0.02


Line = dict[str, object]


def needs(events_per_day: float, given: Assumptions) -> Iterator[Line]:
    """Machines, room and dollars a month for so many messages a day."""
    millions = events_per_day / 1e6
    rate = events_per_day / DAY
    cores = landing_cores(events_per_day, given)
    build = build_cores(events_per_day, given)
    postgres = postgres_cores(events_per_day, given)
    yield _line("mean rate", rate, "messages/s")
    yield _line("peak rate", rate * given.peak, "messages/s")
    yield _line("landing", cores, "cores")
    yield _line("partitions of all topics", max(4 * TOPICS, 2 * cores), "partitions")
    yield _line("builds with DuckDB, at the peak hour", build, "cores")
    yield _line("Postgres and what fills it", postgres, "cores")
    rooms = {
        "Kafka's disks": millions * given.gb_kafka * given.kafka_days * given.kafka_copies,
        "lake": millions * given.gb_lake * given.lake_days,
        "DuckDB's file": millions * given.gb_warehouse * given.lake_days,
        "snapshot": millions * given.gb_snapshot * given.lake_days,
        "Postgres": millions * given.gb_postgres * given.postgres_share * given.postgres_days,
        "BigQuery": millions * given.bigquery_gb * given.lake_days,
    }
    for place, gigabytes in rooms.items():
        yield _line(place, gigabytes, "GB")
    yield from _costs(millions, cores, postgres, rooms, given)


def landing_cores(events_per_day: float, given: Assumptions) -> int:
    """Cores for landing: the peak takes the share `busy` of them; two at least.

    >>> landing_cores(1e9, Assumptions()), landing_cores(1e10, Assumptions())
    (2, 6)
    """
    peak = events_per_day / DAY * given.peak
    return _cores(peak * given.cpu_landing / 1e6, given)


def build_cores(events_per_day: float, given: Assumptions) -> int:
    """Cores that build the peak hour within half an hour (`busy`)."""
    hour = events_per_day / HOURS * given.peak / 1e6 * given.cpu_build + given.cpu_run
    return _cores(hour / (DAY / HOURS), given)


def postgres_cores(events_per_day: float, given: Assumptions) -> int:
    """Cores for Postgres and the query that fills it, at the peak."""
    peak = events_per_day / DAY * given.peak * given.postgres_share
    return _cores(peak * given.cpu_serving / 1e6, given)


def _cores(busy: float, given: Assumptions) -> int:
    return max(2, math.ceil(busy / given.busy))


def _costs(
    millions: float, cores: int, postgres: int, rooms: dict[str, float], given: Assumptions
) -> Iterator[Line]:
    month = HOURS * DAYS
    read = millions * given.bigquery_gb * GB * given.bigquery_reads / TIB
    # Three brokers, of which each takes and copies what comes in: about as much as landing does.
    brokers = 3 * max(2, math.ceil(cores / 2))
    costs = {
        "Kafka, three brokers": brokers * given.vcpu_hour * month
        + rooms["Kafka's disks"] * given.disk_gb_month,
        "landing": cores * (given.vcpu_hour + given.dataproc_vcpu_hour) * month,
        "lake, after a year": rooms["lake"] * given.bucket_gb_month,
        "lake, requests": given.requests * DAYS / 1000 * given.bucket_1000_writes,
        "BigQuery, reading": read * DAYS * given.bigquery_tib_read,
        "BigQuery, storage after a year": rooms["BigQuery"] * given.bigquery_gb_month,
        "Dagster, two cores": 2 * given.vcpu_hour * month,
        "Postgres": postgres * given.vcpu_hour * month + rooms["Postgres"] * given.disk_gb_month,
    }
    for what, dollars in costs.items():
        yield _line(what, dollars, "US dollars a month")
    yield _line("all of it", sum(costs.values()), "US dollars a month")


def _line(metric: str, value: float, unit: str) -> Line:
    digits = 0 if abs(value) >= 100 else 2
    return {"metric": metric, "value": round(value, digits), "unit": unit}
