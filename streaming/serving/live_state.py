"""Counting the last minutes without a database: which events are in, and what they come to."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from contracts.live import COUNTS_SCHEMA

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

    @property
    def counts(self) -> pl.DataFrame:
        """Of every minute that is kept."""
        return pl.concat([self.final, _counted(self.open, is_final=False)]).sort(WINDOW)

    def with_events(self, events: pl.DataFrame, lateness: timedelta) -> tuple["LiveState", int]:
        """The state with these events too, each once, and how many were new.

        A minute is final when one that begins `lateness` later has events; what comes for it
        after the batch that made it so is too late.
        """
        before = self._newest()
        if before is not None:
            events = events.filter(pl.col("window_start") > before - lateness)
        known = pl.concat([self.open, events])
        once = known.unique("event", keep="first", maintain_order=True)
        newest = LiveState(once, self.final)._newest()  # noqa: SLF001  one of us
        if newest is None:
            return self, 0
        done = pl.col("window_start") <= newest - lateness
        kept = pl.col("window_start") > newest - KEPT
        ended = _counted(once.filter(done & kept), is_final=True)
        state = LiveState(once.filter(~done), pl.concat([self.final.filter(kept), ended]))
        return state, len(once) - len(self.open)

    def _newest(self) -> datetime | None:
        """Start of the newest minute that has events."""
        starts = (self.open["window_start"].max(), self.final["window_start"].max())
        return max((each for each in starts if isinstance(each, datetime)), default=None)


def _counted(events: pl.DataFrame, *, is_final: bool) -> pl.DataFrame:
    counted = events.group_by(WINDOW).agg(
        pl.len().cast(pl.Int64).alias("events"),
        pl.col("user_id").n_unique().cast(pl.Int64).alias("users"),
    )
    return counted.with_columns(pl.lit(is_final).alias("is_final")).select(list(COUNTS_SCHEMA))
