"""Hours of which the lake has lost rows that the warehouse was built from.

Manifests are only ever added, so an hour never gets fewer rows, unless the lake was lost and is
landed anew from what Kafka still holds. Such an hour is not built again by itself: the warehouse
would lose what the lake has lost.
"""

from datetime import datetime

from contracts.events import EVENTS
from musicflow_dagster.hours import HourRange
from musicflow_dagster.lake_index import LakeIndex, LandedHour
from musicflow_dagster.planner import Plan
from musicflow_dagster.warehouse.protocol import Publications


def lost_hours(index: LakeIndex, publications: Publications, plan: Plan) -> frozenset[datetime]:
    """Hours that `plan` reopens, and of which fewer rows stand than they were loaded from."""
    ranges = [hours for build in plan.builds if build.reopened for hours in build.ranges]
    if not ranges:
        return frozenset()
    span = HourRange(ranges[0].start, ranges[-1].end)
    landed = {event.name: index.hours(event.name, span.start, span.end)[0] for event in EVENTS}
    return frozenset(
        hour
        for (event, hour), account in publications.accounts(span).items()
        if event in landed and _rows(landed[event].get(hour)) < account.landed
    )


def _rows(landed: LandedHour | None) -> int:
    return landed.rows if landed else 0
