"""Counting the last minutes without a database: which events are in, and what they come to."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import polars as pl

from contracts.live import COUNTS_SCHEMA
from contracts.suppression import Suppressions

KEPT = timedelta(hours=2)
"""How far back counts are kept, from the newest minute."""
WINDOW = ["window_start", "event_type", "region"]
EVENT_SCHEMA: dict[str, pl.DataType] = {
    **{name: COUNTS_SCHEMA[name] for name in WINDOW},
    "user_id": pl.Int64(),
    "event": pl.UInt64(),
}
"""An event as it is counted; `event` is a hash of its id, as polars has it."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """The events of the open minutes, and the counts of those that are final."""

    open: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=EVENT_SCHEMA))
    final: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS_SCHEMA))
    reached: datetime | None = None
    """The newest minute that has events and is not ahead of the clock: by it others are final."""

    @property
    def counts(self) -> pl.DataFrame:
        """Of every minute that is kept."""
        return pl.concat([self.final, _counted(self.open, is_final=False)]).sort(WINDOW)

    def with_events(
        self, events: pl.DataFrame, lateness: timedelta, now: datetime
    ) -> tuple["LiveState", int]:
        """The state with these events too, each once, and how many were new.

        A minute is final when one that begins `lateness` later has events, and has begun `now`:
        events may be a little ahead of the clock, and end no minute that is still under way.
        What comes for a minute after the batch that made it final is too late.
        """
        if self.reached is not None:
            events = events.filter(pl.col("window_start") > self.reached - lateness)
        known = pl.concat([self.open, events])
        once = known.unique("event", keep="first", maintain_order=True)
        reached = self._reached_with(once, now)
        if reached is None:
            return self, 0
        done = pl.col("window_start") <= reached - lateness
        kept = pl.col("window_start") > reached - KEPT
        ended = _counted(once.filter(done & kept), is_final=True)
        final = pl.concat([self.final.filter(kept), ended])
        return LiveState(once.filter(~done), final, reached), len(once) - len(self.open)

    def without(self, suppressions: Suppressions) -> "LiveState":
        """The state without users on the list, in the open minutes: others name nobody."""
        if not (them := suppressions.among(self.open["user_id"].unique().drop_nulls().to_list())):
            return self
        return replace(self, open=self.open.filter(~pl.col("user_id").is_in(list(them))))

    def _reached_with(self, events: pl.DataFrame, now: datetime) -> datetime | None:
        newest = events["window_start"].max()
        known = [self.reached] if self.reached else []
        return max([*known, *([min(newest, now)] if isinstance(newest, datetime) else [])],
                   default=None)  # fmt: skip


def _counted(events: pl.DataFrame, *, is_final: bool) -> pl.DataFrame:
    counted = events.group_by(WINDOW).agg(
        pl.len().cast(pl.Int64).alias("events"),
        pl.col("user_id").n_unique().cast(pl.Int64).alias("users"),
    )
    return counted.with_columns(pl.lit(is_final).alias("is_final")).select(list(COUNTS_SCHEMA))
