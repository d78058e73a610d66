"""What a simulation is made of: the classic eventsim's configuration file, and our section.

The classic's keys keep their names and meaning; ours stand in the section `musicflow`.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from contracts.errors import ConfigurationError


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page a listener is on, and how he is known there."""

    page: str
    method: str
    status: int
    auth: str
    level: str

    def __str__(self) -> str:
        return f"{self.page} ({self.method} {self.status}, {self.auth}, {self.level})"


class Entry(State, frozen=True):
    """A state that a session can begin in."""

    weight: float = msgspec.field(default=0)

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
    weight: float


class Auth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A state of the login, and how many of the first listeners are in it."""

    auth: str
    weight: float


class Player(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What listeners do with the player: probabilities per song."""

    skip: float = 0.12
    """The song is left early; otherwise it is played to its end."""
    pause: float = 0.05
    add_to_playlist: float = 0.03
    skipped_within_seconds: int = 60
    pause_seconds: float = 45
    """Mean length of a pause."""


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place where listeners of a country live."""

    city: str
    zip: str
    state: str
    lat: float
    lon: float
    weight: float = 1


class Country(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A share of the listeners; `places` may be left out for the US."""

    country: str
    weight: float
    places: tuple[Place, ...] = ()


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="kebab"):
    """What the classic eventsim has not."""

    player: Player | None = None
    countries: tuple[Country, ...] = (Country("US", 1),)
    zipf_exponent: float = 0.8
    """How steeply popularity falls in the built-in catalogue."""


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
        player = self.musicflow.player or Player()
        for key in ("skip", "pause", "add-to-playlist"):
            if not 0 <= getattr(player, key.replace("-", "_")) <= 1:
                raise ConfigurationError(f"{name}: musicflow.player.{key} must be 0 to 1")


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
    config.check(name)
    return config


def _line(error: msgspec.DecodeError, data: bytes) -> str:
    """The line that the error's byte position is in."""
    position = str(error).rpartition("(byte ")[2].rstrip(")")
    if not position.isdigit():
        return ""
    return f" line {max(1, len(data[: int(position)].splitlines()))}"
