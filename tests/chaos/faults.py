"""What is done to the platform, when, and what each fault must leave behind."""

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from . import tree
from .site import ChaosError, Site
from .stations import Writer, answers

MOMENT_SECONDS = 120.0
"""The longest wait for a moment: whatever was done before, landing must have got there by then."""
ENDS_SECONDS = 120.0
"""The longest that a station takes to finish what it has in hand."""

Fault = Callable[[Site, random.Random], None]
Moment = Callable[[Site, random.Random], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault, as the seed has it."""

    fault: str
    moment: str
    seed: int


def planned(count: int, seed: int) -> list[Planned]:
    """The faults of a run; each kind in its share, all of them within the first few dozen."""
    chance = random.Random(seed)
    deck: list[str] = []
    while len(deck) < count:
        kinds = [name for name, (shares, _) in FAULTS.items() for _ in range(shares)]
        chance.shuffle(kinds)
        deck += kinds
    moments = list(MOMENTS)
    return [
        Planned(fault, chance.choice(moments), chance.randrange(2**32)) for fault in deck[:count]
    ]


def at_any_time(site: Site, chance: random.Random) -> None:
    """Whatever is going on."""
    site.pause(chance.uniform(0, 12))


def in_a_batch(site: Site, chance: random.Random) -> None:
    """A batch has noted its files, and has not committed."""
    left = set(_notes(site))
    _await(site, lambda: any(each not in left for each in _notes(site)), "begins no batch")
    site.pause(chance.choice([0, 0, 0.02, 0.1, 0.3]))


def at_a_commit(site: Site, chance: random.Random) -> None:
    """A manifest was put a moment ago; Spark does not know yet, and nothing is cleaned."""
    _await_commit(site, "commits nothing")
    site.pause(chance.choice([0, 0, 0.01, 0.05]))


MOMENTS: dict[str, Moment] = {
    "any time": at_any_time,
    "in a batch": in_a_batch,
    "at a commit": at_a_commit,
}


def kill_driver(site: Site, _: random.Random) -> None:
    """Only the Python process: Java and the workers must follow by themselves."""
    tree.send(_driver(site), signal.SIGKILL)


def kill_all_of_landing(site: Site, _: random.Random) -> None:
    """As when a machine goes."""
    _driver(site)
    tree.send(site.landing.pids(), signal.SIGKILL)


def kill_java(site: Site, _: random.Random) -> None:
    """Spark is gone; the driver must say so and end."""
    tree.send(_some(site, lambda: tree.java(site.landing.pid)), signal.SIGKILL)


def kill_workers(site: Site, chance: random.Random) -> None:
    """Tasks are lost; Spark does them again."""
    there = _some(site, lambda: tree.workers(site.landing.pid))
    tree.send(chance.sample(there, min(len(there), chance.choice([1, 2]))), signal.SIGKILL)


def stop_and_continue(site: Site, chance: random.Random) -> None:
    """Some of landing's processes stand still for a while."""
    parts: list[Callable[[], list[int]]] = [
        lambda: _driver(site),
        lambda: tree.java(site.landing.pid),
        lambda: tree.workers(site.landing.pid),
        site.landing.pids,
    ]
    stopped = _some(site, chance.choice(parts))
    tree.send(stopped, signal.SIGSTOP)
    site.pause(chance.uniform(0.5, 6))
    tree.send(stopped, signal.SIGCONT)


def terminate(site: Site, _: random.Random) -> None:
    """Asked to stop, landing finishes its batch and ends well."""
    asked, lives = _driver(site), len(site.landing.endings)
    tree.send(asked, signal.SIGTERM)
    if not site.until(lambda: len(site.landing.endings) > lives, ENDS_SECONDS):
        raise ChaosError(f"landing does not stop within {ENDS_SECONDS:.0f} s of SIGTERM")


def kill_broker(site: Site, chance: random.Random) -> None:
    """Kafka is gone for a while, and comes back with the same data."""
    _broker_away(site, signal.SIGKILL, chance.uniform(0, 8))


def stop_broker(site: Site, chance: random.Random) -> None:
    """Kafka answers nobody for a while."""
    pids = _some(site, lambda: tree.java(site.broker.pid))
    tree.send(pids, signal.SIGSTOP)
    site.pause(chance.uniform(1, 8))
    tree.send(pids, signal.SIGCONT)


def restart_broker(site: Site, chance: random.Random) -> None:
    """Kafka is stopped as one should, and started again."""
    _broker_away(site, signal.SIGTERM, chance.uniform(0, 4))


def refuse_writes(site: Site, chance: random.Random) -> None:
    """Lake and checkpoints can't be written."""
    _await(site, site.disk.refuse, "always writes")
    site.pause(chance.uniform(1, 10))
    site.disk.heal()


def fill_disk(site: Site, chance: random.Random) -> None:
    """Lake and checkpoints have next to no room left."""
    _await(site, site.disk.fill, "always writes")
    site.pause(chance.uniform(2, 12))
    site.disk.heal()


def lose_checkpoint(site: Site, _: random.Random) -> None:
    """The checkpoints are gone: a new writer goes on where the lake ends."""
    site.landing.kill()
    shutil.rmtree(site.landing.checkpoints, ignore_errors=True)
    site.landing.start()


def replace_while_stopped(site: Site, _: random.Random) -> None:
    """Landing stands still, another goes on with its checkpoints, and it wakes up again."""
    take_over(site, site.landing.checkpoints)


def replace_by_a_new_writer(site: Site, chance: random.Random) -> None:
    """The same, but the successor has checkpoints of its own: both can't go on for long."""
    lost = site.landing.checkpoints
    take_over(site, site.data / f"checkpoints-{chance.randrange(2**32):08x}")
    # Each topic has gone on with one of the two; an operator lets a third go on with all.
    lose_checkpoint(site, chance)
    shutil.rmtree(lost, ignore_errors=True)


FAULTS: dict[str, tuple[int, Fault]] = {
    "kill the driver": (4, kill_driver),
    "kill all of landing": (2, kill_all_of_landing),
    "kill Java": (2, kill_java),
    "kill workers": (2, kill_workers),
    "stop and continue": (3, stop_and_continue),
    "terminate": (3, terminate),
    "kill the broker": (3, kill_broker),
    "stop the broker": (1, stop_broker),
    "restart the broker": (1, restart_broker),
    "refuse writes": (3, refuse_writes),
    "fill the disk": (3, fill_disk),
    "lose the checkpoint": (1, lose_checkpoint),
    "replace while stopped": (1, replace_while_stopped),
    "replace by a new writer": (1, replace_by_a_new_writer),
}
"""Each fault, with its share."""


def take_over(site: Site, checkpoints: Path) -> Writer:
    """Stop landing, let a successor with these checkpoints commit, wake landing; who has ended.

    Raises:
        ChaosError: Both go on.
    """
    _driver(site)
    old, stopped = site.landing, site.landing.pids()
    tree.send(stopped, signal.SIGSTOP)
    new = site.writer(f"landing-{len(site.writers)}", checkpoints)
    site.hand_over(new)
    new.start()
    _await_commit(site, "has no successor")
    tree.send(stopped, signal.SIGCONT)
    lives = len(new.endings)
    if not site.until(lambda: not old.pid or len(new.endings) > lives, ENDS_SECONDS):
        raise ChaosError("two landings write to one lake, and neither stops")
    if old.pid:
        new.kill()
        site.hand_over(old)
        old.wanted = True
        return new
    old.look()
    return old


def _broker_away(site: Site, sent: signal.Signals, seconds: float) -> None:
    broker = site.broker
    java = _some(site, lambda: tree.java(broker.pid))
    broker.wanted = False
    tree.send(java if sent == signal.SIGKILL else [broker.pid], sent)
    site.until(lambda: broker.process is None, ENDS_SECONDS)
    site.pause(seconds)
    broker.start()
    if not site.until(lambda: answers(site.port), ENDS_SECONDS):
        raise ChaosError(f"the broker does not come back: see {broker.log}")


def _driver(site: Site) -> list[int]:
    return _some(site, lambda: [site.landing.pid] if site.landing.pid else [])


def _some(site: Site, pids: Callable[[], list[int]]) -> list[int]:
    """Processes that may not run just now, as soon as there are any."""
    _await(site, lambda: bool(pids()), "has no such process")
    return pids()


def _notes(site: Site) -> Iterator[Path]:
    return (site.lake / "_attempts").glob("*/*/*.json")


def _await_commit(site: Site, failing: str) -> None:
    before = site.manifests()
    _await(site, lambda: site.manifests() != before, failing)


def _await(site: Site, holds: Callable[[], bool], failing: str) -> None:
    if not site.until(holds, MOMENT_SECONDS):
        words = [f"{each.code}: {each.words}" for each in site.landing.endings[-1:]]
        raise ChaosError(f"landing {failing} for {MOMENT_SECONDS:.0f} s; it ended with {words}")
