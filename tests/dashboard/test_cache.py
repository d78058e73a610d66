"""Answers are kept, and never more of them than the bound allows."""

import polars as pl

from dashboard.data.cache import FrameCache


def frame(rows: int) -> pl.DataFrame:
    return pl.DataFrame({"n": range(rows)}, schema={"n": pl.Int64})


def test_what_was_made_once_is_not_made_again():
    cache = FrameCache()
    first = cache.get("key", lambda: frame(10))

    assert cache.get("key", lambda: frame(20)) is first


def test_the_cache_holds_no_more_than_its_bound_and_drops_the_oldest():
    cache = FrameCache(most_bytes=8 * 100)
    first = cache.get("first", lambda: frame(20))
    for number in range(10):
        cache.get(number, lambda: frame(20))

    assert cache.held_bytes <= 8 * 100
    assert cache.get("first", lambda: frame(20)) is not first


def test_a_frame_too_large_to_be_kept_is_given_all_the_same():
    cache = FrameCache(most_bytes=8 * 100)

    assert cache.get("large", lambda: frame(1_000)).height == 1_000
    assert cache.held_bytes == 0
