"""Where a simulation stands, in a file: stopped today, it goes on tomorrow.

After a stop by signal, nothing is repeated or left out. After a crash, what was sent since the
state was last saved is sent again, byte for byte the same, so that identities still agree; files
are cut back first, so that each event stands in them once. Report and ledger go on as well: they
tell of the whole simulation, however many runs it took.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from contracts.store import disk_error
from eventsim.faults import Extra, FaultRates, Faults
from eventsim.ledger import LedgerMark
from eventsim.listeners import Listeners
from eventsim.report import Report
from eventsim.simulation import PlayerActions, Simulation
from eventsim.world import World

LISTENERS, PENDING = "listeners.", "pending."


@dataclass(slots=True)
class Told:
    """What the runs so far have written."""

    report: Report
    ledger: LedgerMark | None = None
    files: dict[str, int] = field(default_factory=dict)
    """Bytes of each file of the output folder, by name."""


def fingerprint(world: World, rates: FaultRates, users: int, stride: int, *, ledger: bool) -> str:
    """What a state belongs to: whatever changes the events, or what is told of them.

    Args:
        world: Its configuration and its songs.
        rates: Those of the faults.
        users: How many there are at the start.
        stride: How far the numbers of a listener's sessions are apart.
        ledger: Whether one is kept.
    """
    songs = [(song.song_id, song.plays) for song in world.catalog.songs]
    similar = world.similar.neighbours if world.similar else {}
    content = msgspec.json.encode([world.config, songs, similar, rates, users, stride, ledger])
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def sizes_in(folder: Path, topics: Iterable[str]) -> dict[str, int]:
    """The bytes of each topic's files in an output folder, by name."""
    names = tuple(f"{topic}." for topic in topics)
    return {
        path.name: path.stat().st_size
        for path in sorted(folder.iterdir())
        if path.name.startswith(names)
    }


def cut_back(folder: Path, sizes: Mapping[str, int]) -> None:
    """Take from the files what was written after their sizes were noted.

    Raises:
        ConfigurationError: A file has gone, or is smaller than it was.
        UnavailableError: One cannot be written.
    """
    for name, size in sizes.items():
        path = folder / name
        if not path.exists() or path.stat().st_size < size:
            raise ConfigurationError(
                f"{path} has less than the {size} bytes that were written to it: give the folder "
                "that the state belongs to, or begin anew with another --state file"
            )
        try:
            os.truncate(path, size)
        except OSError as error:
            raise disk_error(error, path) from error


def save(path: Path, simulation: Simulation, faults: Faults, belongs_to: str, told: Told) -> None:
    """Write the state; an earlier one stands until this one is whole.

    Raises:
        UnavailableError: The file cannot be written.
    """
    arrays = {LISTENERS + each.name: getattr(simulation.listeners, each.name)
              for each in fields(Listeners)}  # fmt: skip
    arrays |= {PENDING + each.name: getattr(simulation.pending, each.name)
               for each in fields(PlayerActions)}  # fmt: skip
    arrays["times"] = np.array([simulation.now, simulation.growth.count], dtype=np.int64)
    arrays["next_arrival"] = np.array([simulation.growth.next_at])
    arrays["waiting"] = np.frombuffer(msgspec.msgpack.encode(faults.waiting), dtype=np.uint8)
    arrays["told"] = np.frombuffer(msgspec.msgpack.encode(told), dtype=np.uint8)
    arrays["belongs_to"] = np.array([belongs_to])
    temporary = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)
    except OSError as error:
        raise disk_error(error, path) from error


def load(path: Path, simulation: Simulation, faults: Faults, belongs_to: str) -> Told:
    """Bring a simulation to where another one stopped; what that one had written.

    Raises:
        ConfigurationError: The file is none of ours, or belongs to another simulation.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays: dict[str, npt.NDArray[Any]] = dict(stored)
        if arrays["belongs_to"][0] != belongs_to:
            raise ConfigurationError(
                f"the state {path} belongs to another simulation: give the options it was made "
                "with, or another --state file"
            )
        simulation.listeners = Listeners(
            *(arrays[LISTENERS + each.name] for each in fields(Listeners))
        )
        simulation.pending = PlayerActions(
            *(arrays[PENDING + each.name] for each in fields(PlayerActions))
        )
        simulation.now, simulation.growth.count = (int(number) for number in arrays["times"])
        simulation.growth.next_at = float(arrays["next_arrival"][0])
        faults.waiting = msgspec.msgpack.decode(
            arrays["waiting"].tobytes(), type=dict[str, list[tuple[int, int, int, Extra]]]
        )
        return msgspec.msgpack.decode(arrays["told"].tobytes(), type=Told)
    except (OSError, ValueError, KeyError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the state {path} cannot be read: {error}") from error
