"""Late hours are opened again together, and not at once: one run a minute does it for all.

A late batch often comes with others, and a run costs far more than an hour in it.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import dagster as dg

from musicflow_dagster.automation.requests import REOPENS_TAG, earlier_runs, only_reopens
from musicflow_dagster.hours import HourRange
from musicflow_dagster.planner import Build, Plan

AT_MOST_EVERY = timedelta(minutes=1)
FOLLOW = "late hours were opened again a moment ago; these follow within a minute"
HOURS_BETWEEN = 6
"""Late hours that are no farther apart are built in one run, with those between them."""


def calmed(instance: dg.DagsterInstance, plan: Plan, run_hours: int) -> list[Build]:
    """The plan's builds, of those that only reopen hours one at most, and none within a minute."""
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
    """Builds that are close to each other as one, unless a refused hour stands between them."""
    held = set(held_back)
    together = [builds[0]]
    for before, build in itertools.pairwise(builds):
        between = HourRange(before.hours.end, build.hours.start)
        span = HourRange(together[0].hours.start, build.hours.end)
        if len(between) > HOURS_BETWEEN or held.intersection(between) or len(span) > run_hours:
            yield _as_one(together)
            together = []
        together.append(build)
    yield _as_one(together)


def _as_one(builds: Sequence[Build]) -> Build:
    if len(builds) == 1:
        return builds[0]
    hours = HourRange(builds[0].hours.start, builds[-1].hours.end)
    content = "+".join(build.key.rpartition("/")[2] for build in builds)
    return Build(hours, f"{hours}/{content}", reopened=len(hours))


def _reopened_lately(instance: dg.DagsterInstance) -> bool:
    lately = datetime.now(UTC) - AT_MOST_EVERY
    reopening = dg.RunsFilter(tags={REOPENS_TAG: "yes"}, created_after=lately)
    return bool(instance.get_runs(reopening, limit=1))
