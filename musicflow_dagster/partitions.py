"""The one partitioning of the platform: UTC hours."""

from datetime import datetime

import dagster as dg
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
)

from contracts.lake import HOUR, hour_key
from musicflow_dagster.hours import HourRange


def hourly_partitions(start: datetime) -> dg.HourlyPartitionsDefinition:
    """Hours from `start` on; their keys are those of `contracts.lake.hour_key`."""
    return dg.HourlyPartitionsDefinition(start_date=start, timezone="UTC")


def range_tags(hours: HourRange) -> dict[str, str]:
    """The tags that make one run build all of `hours`."""
    return {
        ASSET_PARTITION_RANGE_START_TAG: hour_key(hours.start),
        ASSET_PARTITION_RANGE_END_TAG: hour_key(hours.last),
    }


def hours_of_run(context: dg.AssetExecutionContext) -> HourRange:
    """The hours that this run builds."""
    window = context.partition_time_window
    return HourRange(window.start, max(window.end, window.start + HOUR))
