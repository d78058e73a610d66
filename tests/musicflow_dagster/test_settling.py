"""A plan that looks only at what is not settled says the same as one that looks at everything."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from contracts.events import EVENTS
from contracts.lake import HOUR, hour_key
from contracts.manifests import DataFile, ManifestLog
from contracts.publication import Publication
from contracts.store import FolderStore
from musicflow_dagster.automation.requests import current_plan
from musicflow_dagster.hours import hours_of, ranges_of
from musicflow_dagster.knowledge import gather, manifest_index, rules
from musicflow_dagster.planner import plan
from musicflow_dagster.settings import Settings
from musicflow_dagster.warehouse.choice import publications_of
from streaming.retention import expire_event
from tests.builders import FIRST_HOUR, LakeBuilder
from tests.contracts.test_manifests import manifest

TOPIC = "listen_events"
GAP_HOURS = 2
OFTEN_NOTHING = st.sampled_from([None] * 8 + ["expire", "lose the snapshot"])
STEPS = st.lists(
    st.tuples(
        st.lists(st.integers(-7, 0), max_size=2),  # what lands, in hours before now
        st.integers(0, 5),  # hours that pass
        st.sampled_from([99, 99, 1, 0]),  # hours that are built at most
        OFTEN_NOTHING,
    ),
    max_size=9,
)

SNAPSHOT = "musicflow_dagster.warehouse.duckdb.snapshot.Snapshot"


class World:
    """A lake of manifests alone, and a warehouse that remembers only what was built."""

    def __init__(self, home: Path, patch: pytest.MonkeyPatch) -> None:
        self.settings = Settings(home=home, start=FIRST_HOUR, gap_hours=GAP_HOURS)
        self.lake = LakeBuilder(Path(self.settings.lake))
        self.log = ManifestLog(FolderStore(self.lake.root), TOPIC)
        self.settings.warehouse.parent.mkdir(parents=True)
        self.settings.warehouse.touch()
        self.built = {event.name: {} for event in EVENTS}
        self.published, self.caught_up = Publication(1, "w", FIRST_HOUR), 0
        self.instance = dg.DagsterInstance.ephemeral()
        patch.setattr(
            f"{SNAPSHOT}.standing",
            lambda _: self.published,
        )
        patch.setattr(
            f"{SNAPSHOT}.built_hours",
            lambda _, since=None: self._built_hours(since),
        )

    def step(self, lands: list[int], passed: int, builds: int, happens: str | None) -> None:
        """Some hours of the platform's life, now being `caught_up`."""
        if lands:
            self._land([max(0, self.caught_up + each) for each in lands])
        self.caught_up += passed
        self.lake.catch_up(FIRST_HOUR + self.caught_up * HOUR + timedelta(minutes=6))
        self._build(builds)
        if happens == "expire":
            expire_event(self.log.store, TOPIC, FIRST_HOUR + max(0, self.caught_up - 5) * HOUR)
        elif happens == "lose the snapshot":
            self.built = {event.name: {} for event in EVENTS}
            self.published = replace(self.published, warehouse=self.published.warehouse + "w")

    def plan(self):
        return current_plan(self.instance, manifest_index(self.settings), self.settings)

    def plan_by_everything(self):
        index = manifest_index(self.settings)
        index.refresh()
        known = gather(index, publications_of(self.settings))
        return plan(known, rules(self.settings))

    def _land(self, hours: list[int]) -> None:
        seq = self.log.last() + 1
        keys = [hour_key(FIRST_HOUR + hour * HOUR) for hour in sorted(set(hours))]
        files = tuple(DataFile(f"{TOPIC}/{key}", key, 1, 1) for key in keys)
        self.log.append(manifest(seq, files=files))

    def _build(self, most: int) -> None:
        """Build the first hours that are planned, and publish them."""
        index = manifest_index(self.settings)
        hours = sorted(hour for each in self.plan().builds for hour in hours_of(each.ranges))[:most]
        for each in ranges_of(hours, 100):
            landed = index.fingerprints()
            for name, built in self.built.items():
                built.update({hour: landed[name].get(hour, "") for hour in each})
            self.published = replace(self.published, number=self.published.number + 1)

    def _built_hours(self, since):
        return {
            name: {hour: of for hour, of in hours.items() if since is None or hour >= since}
            for name, hours in self.built.items()
        }


@examples(deadline=None, max_examples=50)
@given(steps=STEPS)
def test_a_plan_by_what_is_not_settled_is_the_plan(tmp_path_factory, steps):
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path_factory.mktemp("home"), patch)
        for step in steps:
            world.step(*step)
            made, whole = world.plan(), world.plan_by_everything()

            assert made.builds == whole.builds
            assert made.reason == whole.reason


def test_what_is_settled_is_not_looked_at(tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        world = World(tmp_path / "home", patch)
        world.step([0], 10, 99, None)
        world.plan()
        asked = []
        original = world._built_hours
        patch.setattr(
            f"{SNAPSHOT}.built_hours",
            lambda _, since=None: asked.append(since) or original(since),
        )
        world.plan()

    assert asked == [FIRST_HOUR + 10 * HOUR - 2 * (GAP_HOURS + 2) * HOUR]
