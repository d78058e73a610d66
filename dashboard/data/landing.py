"""What the lake's small records tell of landing, of its rejects, and of Dagster's runs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from contracts.errors import LakeError
from contracts.events import EVENTS
from contracts.health import StreamHealth, read_health
from contracts.lake import LAKE_RECORD
from contracts.progress import Progress, read_progress
from contracts.report import ArrivedDay, JudgedDay, Report, read_report
from contracts.store import Store
from dashboard.filters import Filters

TIME = pl.Datetime("us", "UTC")


@dataclass(frozen=True, slots=True)
class Landing:
    """The records of all events as they stood when they were read."""

    progress: tuple[Progress, ...]
    health: tuple[StreamHealth, ...]
    report: Report | None


def read_landing(store: Store) -> Landing:
    """The records of a lake.

    Raises:
        LakeError: There is no lake, or a record cannot be read.
    """
    if not store.exists(LAKE_RECORD):
        raise LakeError("nothing has landed there yet")
    progress = (read_progress(store, event.name) for event in EVENTS)
    health = (read_health(store, event.name) for event in EVENTS)
    return Landing(
        tuple(each for each in progress if each),
        tuple(each for each in health if each),
        read_report(store),
    )


def topics(landing: Landing, now: datetime) -> pl.DataFrame:
    """Per topic: how landing is doing, and how far it has come."""
    health = {each.event: each for each in landing.health}
    rows = [_topic(each, health.get(each.event), now) for each in landing.progress]
    schema = pl.Schema(
        {
            "topic": pl.String(),
            "landing": pl.String(),
            "partitions": pl.Int64(),
            "end_offset": pl.Int64(),
            "landed_offset": pl.Int64(),
            "lag": pl.Int64(),
            "caught_up_until": TIME,
            "newest_event_at": TIME,
            "told_at": TIME,
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def _topic(progress: Progress, health: StreamHealth | None, now: datetime) -> tuple[object, ...]:
    end, landed = sum(progress.held.values()), sum(progress.committed.values())
    return (
        progress.event,
        state_of(health, now),
        len(progress.held),
        end,
        landed,
        max(end - landed, 0),
        progress.caught_up_until,
        health.newest_event_at if health else None,
        progress.updated_at,
    )


def state_of(health: StreamHealth | None, now: datetime) -> str:
    """How landing of a topic is doing, in a word."""
    if health is None:
        return "unknown"
    return "silent" if health.is_silent(now) else health.state


def partitions(landing: Landing) -> pl.DataFrame:
    """Per Kafka partition: its end offset, up to where it has landed, and what lies between."""
    rows = [
        (each.event, number, end, each.committed.get(number, 0))
        for each in landing.progress
        for number, end in sorted(each.held.items())
    ]
    schema = pl.Schema(
        {
            "topic": pl.String(),
            "partition": pl.Int64(),
            "end_offset": pl.Int64(),
            "landed_offset": pl.Int64(),
        }
    )
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    lag = pl.col("end_offset") - pl.col("landed_offset")
    return frame.with_columns(lag.clip(lower_bound=0).alias("lag"))


def alerts(landing: Landing) -> list[str]:
    """What landing says that somebody should look at."""
    return [f"{each.event}: {alert.text}" for each in landing.health for alert in each.alerts]


def rejects(judged: Iterable[JudgedDay]) -> pl.DataFrame:
    """Rejects by day, topic and first reason."""
    rows = [
        (each.day, each.event, reason, count)
        for each in judged
        for reason, count in sorted(each.by_reason.items())
    ]
    schema = pl.Schema(
        {
            "judged_on": pl.Date(),
            "topic": pl.String(),
            "reason": pl.String(),
            "rejected": pl.Int64(),
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")


def reject_share(judged: Iterable[JudgedDay]) -> float | None:
    """The share of rejects among all that was judged; None where nothing was."""
    days = list(judged)
    rejected = sum(each.rejected for each in days)
    all_judged = rejected + sum(each.accepted for each in days)
    return rejected / all_judged if all_judged else None


def late(arrived: Iterable[ArrivedDay], filters: Filters) -> pl.DataFrame:
    """Rows by day of the events, newest first, and topic; and the share that landed late."""
    rows = [
        (each.day, each.event, each.rows, each.late, each.late / each.rows if each.rows else None)
        for each in arrived
        if filters.first <= each.day <= filters.last
    ]
    schema = pl.Schema(
        {
            "happened_on": pl.Date(),
            "topic": pl.String(),
            "rows": pl.Int64(),
            "late": pl.Int64(),
            "late_share": pl.Float64(),
        }
    )
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort("happened_on", descending=True, maintain_order=True)


def late_share(of_days: pl.DataFrame) -> float | None:
    """The share of late rows of all days and topics; None without rows."""
    rows = int(of_days["rows"].sum())
    return int(of_days["late"].sum()) / rows if rows else None


def runs(report: Report) -> pl.DataFrame:
    """The last runs, newest first."""
    rows = [
        (
            *(each.began_at, each.job, each.state, each.hours),
            (each.ended_at - each.began_at).total_seconds()
            if each.began_at and each.ended_at
            else None,
            *(each.why, each.id),
        )
        for each in report.runs
    ]
    schema = pl.Schema(
        {
            "began_at": TIME,
            "job": pl.String(),
            "state": pl.String(),
            "hours": pl.String(),
            "took_seconds": pl.Float64(),
            "why": pl.String(),
            "run": pl.String(),
        }
    )
    return pl.DataFrame(rows, schema=schema, orient="row")
