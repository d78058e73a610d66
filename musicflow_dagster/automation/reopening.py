"""Late hours are opened again together, and not at once: one run a minute does it for all.

A late batch often comes with others, and a run costs far more than an hour in it. Hours that are
far apart are built in the same run, each range by itself.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from musicflow_dagster.automation.requests import REOPENS_TAG, earlier_runs, only_reopens
from musicflow_dagster.hours import HourRange
from musicflow_dagster.planner import Build, Plan

AT_MOST_EVERY = timedelta(minutes=1)
FOLLOW = "late hours were opened again a moment ago; these follow within a minute"
HOURS_BETWEEN = 6
"""Late hours that are no farther apart are built as one range, with those between them."""


def calmed(instance: dg.DagsterInstance, plan: Plan, run_hours: int) -> list[Build]:
    """The plan's builds, those that only reopen hours as one, and none within a minute."""
    new = [build for build in plan.builds if not only_reopens(build)]
    late = [build for build in plan.builds if only_reopens(build)]
    if not late or _reopened_lately(instance):
        return new
    # Hours that fail again and again must not keep the others from their turn.
    runs = joined(late, plan.held_back, run_hours)
    return [*new, min(runs, key=lambda build: earlier_runs(instance, build))]


def joined(
    builds: Sequence[Build], held_back: Iterable[datetime], run_hours: int
) -> Iterator[Build]:
    """As few runs of `builds` as there can be with at most so many hours each."""
    together: list[Build] = []
    for build in builds:
        candidate = [*together, build]
        if together and len(_as_one(candidate, held_back)) > run_hours:
            yield _as_one(together, held_back)
            candidate = [build]
        together = candidate
    yield _as_one(together, held_back)


def _as_one(builds: Sequence[Build], held_back: Iterable[datetime]) -> Build:
    if len(builds) == 1:
        return builds[0]
    held = set(held_back)
    ranges: list[HourRange] = []
    for hours in (hours for build in builds for hours in build.ranges):
        between = HourRange(ranges[-1].end, hours.start) if ranges else None
        if between and len(between) <= HOURS_BETWEEN and not held.intersection(between):
            ranges[-1] = HourRange(ranges[-1].start, hours.end)
        else:
            ranges.append(hours)
    span = HourRange(ranges[0].start, ranges[-1].end)
    content = hashlib.blake2b(" ".join(build.key for build in builds).encode(), digest_size=8)
    key = f"{span}/{content.hexdigest()}"
    return Build(tuple(ranges), key, reopened=sum(map(len, ranges)))


def _reopened_lately(instance: dg.DagsterInstance) -> bool:
    lately = datetime.now(UTC) - AT_MOST_EVERY
    reopening = dg.RunsFilter(tags={REOPENS_TAG: "yes"}, created_after=lately)
    return bool(instance.get_runs(reopening, limit=1))
