"""Where a simulation stands, in a file: stopped today, it goes on tomorrow.

After a stop by signal, nothing is repeated or left out. After a crash, what was sent since the
state was last saved is sent again, byte for byte the same, so that identities still agree.
"""

import hashlib
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from contracts.errors import ConfigurationError
from contracts.store import disk_error
from eventsim.faults import Extra, FaultRates, Faults
from eventsim.listeners import Listeners
from eventsim.simulation import PlayerActions, Simulation
from eventsim.world import World

LISTENERS, PENDING = "listeners.", "pending."


def fingerprint(world: World, rates: FaultRates, users: int) -> str:
    """What a state belongs to: another configuration, catalogue or number gives another."""
    songs = [(song.song_id, song.plays) for song in world.catalog.songs]
    content = msgspec.json.encode([world.config, songs, rates, users])
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def save(path: Path, simulation: Simulation, faults: Faults, belongs_to: str) -> None:
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
    arrays["belongs_to"] = np.array([belongs_to])
    temporary = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        temporary.replace(path)
    except OSError as error:
        raise disk_error(error, path) from error


def load(path: Path, simulation: Simulation, faults: Faults, belongs_to: str) -> None:
    """Bring a simulation to where another one stopped.

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
    except (OSError, ValueError, KeyError, msgspec.DecodeError) as error:
        raise ConfigurationError(f"the state {path} cannot be read: {error}") from error
