"""Who the listeners are: names, homes and browsers, drawn by how common they are."""

import csv
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from eventsim.alias import AliasTables
from eventsim.config import Config, Country
from eventsim.randomness import Bits, drawn

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Home:
    """Where a listener lives."""

    city: str
    zip: str
    state: str
    lat: float
    lon: float
    country: str


@dataclass(frozen=True, slots=True)
class Traits:
    """Numbers of each listener's home, browser and names in the tables of `People`."""

    home: npt.NDArray[np.uint16]
    browser: npt.NDArray[np.uint16]
    given_name: npt.NDArray[np.uint16]
    surname: npt.NDArray[np.uint16]


class People:
    """The tables, and the draws from them."""

    def __init__(self, config: Config) -> None:
        """Read the tables; homes are those of the configured countries."""
        self.given_names = _table("given_names.csv")
        self.surnames = _table("surnames.csv")
        self.browsers = _table("browsers.csv")
        self.homes, home_weights = _homes(config)
        self._draws = (
            AliasTables([home_weights]),
            AliasTables([_weights(self.browsers)]),
            AliasTables([_weights(self.given_names)]),
            AliasTables([_weights(self.surnames)]),
        )

    def drawn(self, states: Bits) -> Traits:
        """Traits for each generator, which moves on."""
        return Traits(*(table.draw(drawn(states)).astype(np.uint16) for table in self._draws))


def _table(name: str) -> list[Row]:
    with files("eventsim").joinpath("data", name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _weights(rows: list[Row]) -> npt.NDArray[np.float64]:
    return np.array([float(row["weight"]) for row in rows])


def _homes(config: Config) -> tuple[list[Home], npt.NDArray[np.float64]]:
    homes: list[Home] = []
    weights: list[npt.NDArray[np.float64]] = []
    for country in config.musicflow.countries:
        found, own = _homes_of(country)
        homes += found
        weights.append(own * (country.weight / own.sum()))
    return homes, np.concatenate(weights)


def _homes_of(country: Country) -> tuple[list[Home], npt.NDArray[np.float64]]:
    if country.places:
        places = country.places
        homes = [
            Home(each.city, each.zip, each.state, each.lat, each.lon, country.country)
            for each in places
        ]
        return homes, np.array([each.weight for each in places])
    rows = _table("places.csv")
    homes = [
        Home(
            row["city"],
            row["zip"],
            row["state"],
            float(row["lat"]),
            float(row["lon"]),
            country.country,
        )
        for row in rows
    ]
    return homes, _weights(rows)
