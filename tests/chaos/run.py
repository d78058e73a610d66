"""A run: everything is started, hurt, drained, loaded and held against what was sent."""

import random
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .evidence import gather
from .faults import FAULTS, MOMENTS, Planned, planned
from .site import Site
from .stations import Ending, Station
from .verdict import Finding, counts, findings

Told = Callable[[dict[str, Any]], None]
"""What is told of each fault, and of the end."""
FAULTS_PER_LOAD = 12


@dataclass(slots=True)
class Outcome:
    """What a run came to."""

    faults: int
    seconds: float = 0.0
    lives_of_landing: int = 0
    loads: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The verdict as one object."""
        return {"verdict": "broken" if self.findings else "kept"} | asdict(self)


class Run:
    """One run on one site."""

    def __init__(self, site: Site, tell: Told) -> None:
        """Make ready to hurt `site`, and to tell each fault to `tell`."""
        self._site = site
        self._tell = tell
        self._loads: list[Station] = []
        self._began = time.monotonic()

    def __call__(self, faults: int, seconds: float) -> Outcome:
        """Do so many faults, or what of them fits in so many seconds; then look."""
        outcome = Outcome(0)
        with self._site.running():
            for each in planned(faults, self._site.scale.seed):
                if time.monotonic() - self._began > seconds:
                    break
                self._hurt(each, outcome.faults)
                outcome.faults += 1
                if outcome.faults % FAULTS_PER_LOAD == 0:
                    self._load_meanwhile()
            self._site.drain()
            self._site.load()
            evidence = gather(self._site, loaded=True)
            outcome.counts = counts(evidence)
            outcome.findings = [*findings(evidence, loaded=True), *unclear(self._endings())]
            outcome.lives_of_landing = sum(len(each.endings) for each in self._site.writers)
            outcome.loads = len(self._loads) + 1
        outcome.seconds = round(time.monotonic() - self._began, 1)
        return outcome

    def _hurt(self, plan: Planned, number: int) -> None:
        chance = random.Random(plan.seed)
        MOMENTS[plan.moment](self._site, chance)
        began = time.monotonic()
        lives = len(self._endings())
        FAULTS[plan.fault][1](self._site, chance)
        self._tell(
            {
                "fault": number + 1,
                "what": plan.fault,
                "when": plan.moment,
                "at_seconds": round(began - self._began, 1),
                "lasted_seconds": round(time.monotonic() - began, 1),
                "manifests": self._site.manifests(),
                "ended": [f"{each.station} {each.code}" for each in self._endings()[lives:]],
            }
        )

    def _load_meanwhile(self) -> None:
        """One load at a time; the last one may still run."""
        if all(each.process is None for each in self._loads):
            self._loads.append(self._site.start_load())

    def _endings(self) -> list[Ending]:
        site = self._site
        stations = [site.broker, site.listeners, *site.writers, *self._loads]
        return sorted(
            (ending for each in stations for ending in each.endings), key=lambda each: each.at
        )


def unclear(endings: list[Ending]) -> list[Finding]:
    """Stations that ended with more, or less, than a clear line."""
    bad = [each for each in endings if not each.is_clear]
    places = tuple(f"{each.station} {each.code}: {each.words}" for each in bad[:5])
    return [Finding("a station ended with a stack trace", len(bad), places)] if bad else []
