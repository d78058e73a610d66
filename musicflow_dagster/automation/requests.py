"""Asks the planner, and turns its answer into run requests that never build twice."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from musicflow_dagster.assets.run_hours import REFUSED_HOURS_TAG, REFUSED_TAG
from musicflow_dagster.automation.jobs import BUILDING_JOBS
from musicflow_dagster.knowledge import gather, rules
from musicflow_dagster.lake_index import LakeIndex
from musicflow_dagster.long_tags import read_tag
from musicflow_dagster.lost_hours import lost_hours
from musicflow_dagster.partitions import range_tags
from musicflow_dagster.planner import Build, Known, Plan, Rules, plan
from musicflow_dagster.settings import Settings
from musicflow_dagster.settling import Ground, looked_at_since, remember
from musicflow_dagster.warehouse.choice import publications_of
from musicflow_dagster.warehouse.lock import WriterLock
from musicflow_dagster.warehouse.protocol import Publications

PLAN_TAG = "musicflow/plan"
"""On a run: the key of the build that it carries out."""
REOPENS_TAG = "musicflow/reopens"
"""On a run: `yes` if it builds only hours that were built before."""
REMEMBERED_REFUSALS = 200
UNCONFIRMED = timedelta(minutes=5)
"""How long a run counts as under way that doesn't hold the warehouse (yet, or any more)."""


def current_plan(instance: dg.DagsterInstance, index: LakeIndex, settings: Settings) -> Plan:
    """What to build now, by what has landed up to now."""
    seqs = index.refresh()
    publications = publications_of(settings)
    ground = Ground(publications.standing(), rules(settings))
    since = looked_at_since(index, ground)
    known = gather(index, publications, refusals(instance), since)
    made = guarded_plan(index, publications, known, ground.rules)
    remember(index, ground, made, seqs)
    return made


def guarded_plan(index: LakeIndex, publications: Publications, known: Known, given: Rules) -> Plan:
    """The plan, which builds nothing again of which the lake has lost rows."""
    made = plan(known, given)
    lost = lost_hours(index, publications, made)
    return plan(replace(known, lost=lost), given) if lost else made


def refusals(instance: dg.DagsterInstance) -> list[str]:
    """The hours that recent runs refused, one JSON object per run."""
    runs = instance.get_runs(dg.RunsFilter(tags={REFUSED_TAG: "yes"}), limit=REMEMBERED_REFUSALS)
    return [read_tag(run.tags, REFUSED_HOURS_TAG) for run in runs]


def is_building(instance: dg.DagsterInstance, settings: Settings) -> bool:
    """Whether a run that writes to the warehouse is queued or under way.

    A run whose process was killed may say for ever that it has started: its word counts for a
    while only, the lock on the warehouse, which dies with its holder, at any time.
    """
    if WriterLock(settings.warehouse).is_held():
        return True
    recently = datetime.now(UTC) - UNCONFIRMED
    queued = dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED])
    young = dg.RunsFilter(statuses=list(NOT_FINISHED_STATUSES), updated_after=recently)
    runs = [*instance.get_runs(queued), *instance.get_runs(young)]
    return any(run.job_name in BUILDING_JOBS for run in runs)


def new_requests(
    instance: dg.DagsterInstance, builds: Sequence[Build], *, again: bool
) -> list[dg.RunRequest]:
    """Requests for `builds`; those that ran before only where they may run `again`.

    The run key holds the hours, their manifests and the number of earlier runs, so that a tick
    that is repeated asks for the same run, and a later load of the same hours for another.
    """
    requests = []
    for build in builds:
        earlier = earlier_runs(instance, build)
        if earlier and not again:
            continue
        tags = range_tags(*build.ranges) | {PLAN_TAG: build.key}
        if only_reopens(build):
            tags[REOPENS_TAG] = "yes"
        requests.append(dg.RunRequest(run_key=f"{build.key}/{earlier}", tags=tags))
    return requests


def earlier_runs(instance: dg.DagsterInstance, build: Build) -> int:
    """How often just this was asked for before."""
    return len(instance.get_runs(dg.RunsFilter(tags={PLAN_TAG: build.key})))


def only_reopens(build: Build) -> bool:
    """Whether all its hours were built before."""
    return build.reopened == len(build)


def is_ready(settings: Settings) -> bool:
    """Whether there is a lake to plan for."""
    return "://" in settings.lake or Path(settings.lake).is_dir()
