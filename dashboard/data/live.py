"""What the page Live shows: the counts of the last minutes, wherever they are kept."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import polars as pl

from contracts import serving
from contracts.errors import UnavailableError
from contracts.events import MUSIC_EVENTS
from contracts.lake import live_path
from contracts.live import read_live
from contracts.postgres import PostgresUrl
from contracts.store import open_store
from dashboard.data.postgres import looking, rows

DAYS = 7
"""How many days of daily counts are looked at."""
_RECENT_MINUTES = "window_start > (select max(window_start) from minute_metrics) - %(span)s"
_RECENT_DAYS = "day > (select max(day) from daily_metrics) - %(days)s"


@dataclass(frozen=True, slots=True)
class Live:
    """The counts of the last minutes that have any, and what is known of their age.

    `minutes` and `days` have the columns of `minute_metrics` and `daily_metrics`.
    """

    source: str
    """Where they are from, for people."""
    minutes: pl.DataFrame
    days: pl.DataFrame | None
    """None where only minutes are kept."""
    updated_at: datetime | None
    """When something was last counted, UTC."""

    @property
    def newest(self) -> datetime:
        """The newest minute that has counts; there must be one."""
        at: datetime = self.minutes["window_start"].max()  # type: ignore[assignment]  # they are times
        return at


class LiveSource(Protocol):
    """Where live counts are kept."""

    def read(self, minutes: int) -> Live:
        """The counts of the last `minutes`.

        Raises:
            UnavailableError: They can't be read now.
        """
        ...


@dataclass(frozen=True, slots=True)
class PostgresCounts:
    """The counts that landing keeps in Postgres."""

    url: PostgresUrl

    def read(self, minutes: int) -> Live:
        """The counts of the last `minutes`, with the days, of one moment.

        Raises:
            UnavailableError: The server is away, or has no tables of ours.
        """
        with looking(self.url) as connection:
            span = timedelta(minutes=minutes)
            last = connection.execute("select max(committed_at) from serving_batches").fetchone()
            return Live(
                f"Postgres at {self.url.shown}",
                rows(connection, serving.MINUTE_METRICS, _RECENT_MINUTES, span=span),
                rows(connection, serving.DAILY_METRICS, _RECENT_DAYS, days=DAYS),
                last[0] if last else None,
            )


@dataclass(frozen=True, slots=True)
class LakeCounts:
    """The counts of the last minutes that landing keeps in a lake."""

    lake: str

    def read(self, minutes: int) -> Live:
        """The counts of the last `minutes`, newest first.

        Raises:
            LakeError: They can't be read.
            UnavailableError: None are kept there any more.
        """
        held = read_live(open_store(self.lake))
        if held is None:
            raise UnavailableError(
                "the lake holds no live counts any more: start landing with MUSICFLOW_LIVE=true"
            )
        recent = pl.col("window_start") > pl.col("window_start").max() - timedelta(minutes=minutes)
        counts = held.counts.filter(recent)
        order = ["window_start", "event_type", "region"]
        newest_first = counts.sort(order, descending=[True, False, False])
        return Live("the lake", newest_first, None, held.updated_at)

    def exist(self) -> bool:
        """Whether there are any."""
        return open_store(self.lake).exists(live_path(MUSIC_EVENTS.name))


def chosen(minutes: pl.DataFrame, types: list[str], regions: list[str]) -> pl.DataFrame:
    """The counts of these kinds of action and regions; none named means all."""
    kept = pl.lit(value=True)
    if types:
        kept &= pl.col("event_type").is_in(types)
    if regions:
        kept &= pl.col("region").is_in(regions)
    return minutes.filter(kept)


def by_type(minutes: pl.DataFrame) -> pl.DataFrame:
    """Events of each minute and kind of action, zeros for quiet ones; oldest minute first."""
    if minutes.is_empty():
        return minutes.select("window_start", "event_type", "events")
    first, last = minutes["window_start"].min(), minutes["window_start"].max()
    every = pl.datetime_range(first, last, timedelta(minutes=1), eager=True).alias("window_start")  # type: ignore[arg-type]  # both are times
    counted = minutes.group_by("window_start", "event_type").agg(pl.col("events").sum())
    return (
        pl.DataFrame({"window_start": every})
        .join(minutes.select("event_type").unique(), how="cross")
        .join(counted, on=["window_start", "event_type"], how="left")
        .with_columns(pl.col("events").fill_null(0))
        .sort("window_start", "event_type")
    )


def by_region(minutes: pl.DataFrame, most: int) -> pl.DataFrame:
    """Events of the regions with most of them."""
    return (
        minutes.group_by("region")
        .agg(pl.col("events").sum())
        .sort("events", "region", descending=[True, False])
        .head(most)
    )
