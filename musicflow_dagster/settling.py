"""Which hours a plan need not look at, so that a plan costs the same after a year as after a day.

Hours are *settled* once a plan has found all before them built. The index unsettles them when
something lands there; another warehouse, an older snapshot or other rules unsettle everything.
"""

from dataclasses import dataclass
from datetime import datetime

from contracts.events import EVENTS
from contracts.lake import HOUR
from musicflow_dagster.lake_index import LakeIndex, Settled
from musicflow_dagster.planner import Plan, Rules
from musicflow_dagster.warehouse.protocol import Standing


@dataclass(frozen=True, slots=True)
class Ground:
    """What a plan is made on: the published tables, if there are any, and the rules."""

    publication: Standing | None
    rules: Rules

    @property
    def key(self) -> str:
        """What stands for the rules by which hours are settled."""
        names = ",".join(event.name for event in EVENTS)
        return f"{self.rules.start.isoformat()}/{self.rules.gap_hours}/{names}"


def looked_at_since(index: LakeIndex, ground: Ground) -> datetime | None:
    """The first hour that a plan must know of; None for all.

    What lands may also complete the silence before it, and whether a silence is short enough to
    be built shows only at its two ends: hence a margin of twice the longest.
    """
    settled, publication = index.settled(), ground.publication
    if settled is None or publication is None or settled.rules != ground.key:
        return None
    if settled.warehouse != publication.warehouse or publication.number < settled.publication:
        return None
    return settled.until - 2 * (ground.rules.gap_hours + 2) * HOUR


def remember(index: LakeIndex, ground: Ground, plan: Plan, seqs: dict[str, int]) -> None:
    """Remember how far all is settled by `plan`, made when the last manifests were `seqs`."""
    publication, until = ground.publication, plan.settled_until
    if publication is None or until is None:
        return
    settled = Settled(until, publication.warehouse, publication.number, ground.key)
    if index.settled() != settled:
        index.settle(settled, seqs)
