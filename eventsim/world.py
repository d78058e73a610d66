"""What a simulation stands on: all that a configuration and a catalogue say, prepared once."""

from dataclasses import dataclass

from eventsim.catalog import Catalog
from eventsim.config import Config
from eventsim.machine import Machine
from eventsim.people import People
from eventsim.player import PlayerModel
from eventsim.rhythm import Rhythm
from eventsim.similar import SimilarSongs


@dataclass(frozen=True, slots=True)
class World:
    """The parts by name."""

    config: Config
    catalog: Catalog
    machine: Machine
    rhythm: Rhythm
    people: People
    player: PlayerModel | None
    """None: only the classic eventsim's four topics."""
    similar: SimilarSongs | None = None
    """None: songs follow each other by their plays alone."""

    @classmethod
    def of(cls, config: Config, catalog: Catalog, similar: SimilarSongs | None = None) -> "World":
        """Prepare everything.

        Raises:
            ConfigurationError: The configuration contradicts itself.
        """
        player = config.musicflow.player
        return cls(
            config=config,
            catalog=catalog,
            machine=Machine(config),
            rhythm=Rhythm(config),
            people=People(config),
            player=PlayerModel(player, config.seed) if player else None,
            similar=similar,
        )
