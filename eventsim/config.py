"""What a simulation is made of: the classic eventsim's configuration file, and our section.

The classic's keys keep their names and meaning; ours stand in the section `musicflow`.
"""

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import msgspec

from contracts.errors import ConfigurationError

Weight = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page a listener is on, and how he is known there."""

    page: str
    method: str
    status: Annotated[int, msgspec.Meta(ge=100, le=599)]
    auth: str
    level: str

    def __str__(self) -> str:
        return f"{self.page} ({self.method} {self.status}, {self.auth}, {self.level})"


class Entry(State, frozen=True):
    """A state that a session can begin in."""

    weight: Weight = msgspec.field(default=0)

    @property
    def state(self) -> State:
        """The state without its weight."""
        return State(self.page, self.method, self.status, self.auth, self.level)


class Transition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How probable it is to go from `source` to `dest`."""

    source: State
    dest: State
    p: float


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether events in this auth carry the user's details."""

    auth: str
    show: bool


class Level(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan, and how many of the first listeners have it."""

    level: str
    weight: Weight


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state of the login, and how many of the first listeners are in it."""

    auth: str
    weight: Weight


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What listeners do with the player: probabilities per song."""

    skip: Probability = 0.12
    """The song is left early; otherwise it is played to its end."""
    pause: Probability = 0.05
    add_to_playlist: Probability = 0.03
    skipped_within_seconds: Annotated[int, msgspec.Meta(ge=2, le=86_400)] = 60
    pause_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 45
    """Mean length of a pause."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place where listeners of a country live."""

    city: str
    zip: str
    state: str
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    weight: Weight = 1


class Country(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of the listeners; `places` may be left out for the US."""

    country: str
    weight: Weight
    places: tuple[Place, ...] = ()


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What the classic eventsim has not."""

    player: Player | None = None
    countries: tuple[Country, ...] = (Country("US", 1),)
    zipf_exponent: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.8
    """How steeply popularity falls in the built-in catalogue."""


HOME_COUNTRY = "US"
"""The country whose places are built in."""
RANGES: dict[str, tuple[float, float]] = {
    "alpha": (1e-3, 1e7),
    "beta": (1, 1e9),
    "damping": (0, 0.5),
    "weekend-damping": (0, 0.999),
    "weekend-damping-scale": (0.001, 1440),
    "weekend-damping-offset": (0, 1440),
    "session-gap": (1, 1e8),
    "n-users": (0, 2**31),
    "first-user-id": (0, 2**53),
    "growth-rate": (0, 100),
    "attrition-rate": (0, 1e6),
}
"""The least and the most that a key may be."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """A whole configuration file. Times are in seconds where nothing else is said."""

    transitions: tuple[Transition, ...]
    new_session: tuple[Entry, ...]
    seed: int = 0
    alpha: float = 60
    """Mean gap between two requests."""
    beta: float = 259_200
    """Mean gap between two sessions."""
    damping: float = 0.0625
    """Swing of traffic over the day."""
    weekend_damping: float = 0.5
    weekend_damping_offset: float = 6
    """Minutes before midnight at which the weekend begins, and after it at which it ends."""
    weekend_damping_scale: float = 6
    """Minutes over which it comes and goes."""
    session_gap: int = 1800
    churned_state: str | None = None
    new_user_auth: str = "Guest"
    new_user_level: str = "free"
    start_date: str | None = None
    end_date: str | None = None
    n_users: int | None = None
    first_user_id: int = 1
    growth_rate: float = 0
    """Share by which the listeners grow in a year."""
    attrition_rate: float = 0
    """Share of the listeners who leave in a year."""
    tag: str | None = None
    show_user_details: tuple[Shown, ...] = (
        Shown("Guest", show=False),
        Shown("Logged In", show=True),
        Shown("Logged Out", show=False),
        Shown("Cancelled", show=True),
    )
    levels: tuple[Level, ...] = (Level("free", 1),)
    auths: tuple[Auth, ...] = (Auth("Logged In", 1),)
    upgrades: Any = None
    downgrades: Any = None
    """The classic's files have these two; it never reads them, and neither do we."""
    musicflow: Extension = Extension()

    def check(self, name: str) -> None:
        """Refuse values that make no sense.

        Raises:
            ConfigurationError: The message says where, by `name`, which key, and its range.
        """
        for key, (least, most) in RANGES.items():
            value = getattr(self, key.replace("-", "_"))
            if value is not None and not least <= value <= most:
                raise ConfigurationError(
                    f"{name}: {key} must be {least:g} to {most:g}, got {value}"
                )
        if any("\ud800" <= letter <= "\udfff" for letter in self.tag or ""):
            raise ConfigurationError(f"{name}: tag must be text, got {self.tag!a}")
        for key, weighted in (("levels", self.levels), ("auths", self.auths)):
            if not any(each.weight for each in weighted):
                raise ConfigurationError(f"{name}: {key} needs an entry with a weight above 0")
        self._check_countries(name)

    def _check_countries(self, name: str) -> None:
        countries = self.musicflow.countries
        if not any(country.weight for country in countries):
            raise ConfigurationError(
                f"{name}: musicflow.countries needs an entry with a weight above 0"
            )
        for country in countries:
            if country.country != HOME_COUNTRY and not country.places:
                raise ConfigurationError(
                    f"{name}: musicflow.countries: {country.country!r} needs places; only "
                    f"{HOME_COUNTRY} has some built in"
                )
            if country.places and not any(place.weight for place in country.places):
                raise ConfigurationError(
                    f"{name}: musicflow.countries: {country.country!r} needs a place with a "
                    "weight above 0"
                )


def default_config() -> Config:
    """The built-in configuration."""
    return decoded(files("eventsim").joinpath("data/default.json").read_bytes(), "default.json")


def read_config(path: Path) -> Config:
    """The configuration in a file.

    Raises:
        ConfigurationError: The file is missing or wrong; the message names line or key.
    """
    try:
        return decoded(path.read_bytes(), str(path))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigurationError(f"cannot read the configuration {path}: {reason}") from error


def decoded(data: bytes, name: str) -> Config:
    """The configuration in `data`; `name` is what errors call it."""
    try:
        config = msgspec.json.decode(data, type=Config)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    except msgspec.DecodeError as error:
        raise ConfigurationError(f"{name}{_line(error, data)}: {error}") from error
    except UnicodeDecodeError as error:
        line = _line_of(max(0, data.find(error.object)), data)
        raise ConfigurationError(f"{name}{line}: a text that is not UTF-8") from error
    config.check(name)
    return config


def _line(error: msgspec.DecodeError, data: bytes) -> str:
    """The line that the error's byte position is in: the last, if the data ends too early."""
    position = str(error).rpartition("(byte ")[2].rstrip(")")
    return _line_of(int(position) if position.isdigit() else len(data), data)


def _line_of(position: int, data: bytes) -> str:
    lines_before = data[:position].count(b"\n")
    return f" line {lines_before + 1}"
