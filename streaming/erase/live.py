"""Erasing a user from the live counts: the events of the open minutes are kept with their users."""

from datetime import UTC, datetime

import polars as pl

from contracts.live import LiveCounts, write_live
from contracts.store import Store
from streaming.serving.live_sink import PATH, read_state, write_state
from streaming.serving.live_state import LiveState


def erase_live(store: Store, user_id: int) -> int:
    """Remove the user's events from what is kept; how many.

    Landing that runs beside this has the suppression list, and keeps none either.

    Raises:
        LakeError: It cannot be read.
    """
    if not store.exists(PATH):
        return 0
    covered, state = read_state(store)
    left = state.open.filter(pl.col("user_id") != user_id)
    if not (erased := len(state.open) - len(left)):
        return 0
    without = LiveState(left, state.final, state.reached)
    write_state(store, covered, without)
    write_live(store, LiveCounts(without.counts, datetime.now(UTC)))
    return erased
