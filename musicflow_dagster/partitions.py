"""The one partitioning of the platform: UTC hours; and how a run says which it builds."""

from collections.abc import Sequence
from datetime import datetime

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from contracts.lake import HOUR, hour_key, parse_hour_key
from musicflow_dagster.hours import HourRange
from musicflow_dagster.long_tags import long_tag, read_tag

HOURS_TAG = "musicflow/hours"
"""On a run that builds several ranges of hours: all of them. Dagster's own tags know one range."""


def hourly_partitions(start: datetime) -> dg.HourlyPartitionsDefinition:
    """Hours from `start` on; their keys are those of `contracts.lake.hour_key`."""
    return dg.HourlyPartitionsDefinition(start_date=start, timezone="UTC")


def range_tags(*ranges: HourRange) -> dict[str, str]:
    """The tags that make one run build all hours of `ranges`; Dagster itself plans the last."""
    tags = {
        ASSET_PARTITION_RANGE_START_TAG: hour_key(ranges[-1].start),
        ASSET_PARTITION_RANGE_END_TAG: hour_key(ranges[-1].last),
    }
    return tags if len(ranges) == 1 else tags | long_tag(HOURS_TAG, ",".join(map(str, ranges)))


def ranges_of_run(context: dg.AssetExecutionContext) -> Sequence[HourRange]:
    """The hours that this run is to build, as contiguous ranges."""
    if named := read_tag(context.run.tags, HOURS_TAG):
        return [_parsed(each) for each in named.split(",")]
    window = context.partition_time_window
    return [HourRange(window.start, max(window.end, window.start + HOUR))]


def _parsed(text: str) -> HourRange:
    first, _, last = text.partition("...")
    return HourRange(parse_hour_key(first), parse_hour_key(last or first) + HOUR)
