"""The events: each field declared once, for every station that reads or writes it.

Spark and Arrow schemas, pandera checks, warehouse DDL, dbt sources and the data dictionary
derive from this file (`to_*.py`). It imports the standard library only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

CONTRACT_VERSION = 2
"""Raised by each change of what is accepted or of what a column means; manifests cite it."""

FieldType = Literal["text", "integer", "number", "boolean", "timestamp"]
"""`integer` is 64-bit signed, `number` a finite double, `timestamp` UTC (epoch ms on the wire)."""

EARLIEST_EPOCH_MS = -2_208_988_800_000
"""1900-01-01: before any account was registered."""
LATEST_EPOCH_MS = 4_102_444_800_000
"""2100-01-01: after any account was registered."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `wire_name` in the Kafka JSON, `name` from the lake onwards."""

    name: str
    wire_name: str
    type: FieldType
    description: str
    nullable: bool = False
    allowed: tuple[str, ...] = ()
    """The only values a text field may have; empty: any."""
    minimum: float | None = None
    maximum: float | None = None
    """Bounds, inclusive, of the value as it is on the wire."""
    accepts_text: bool = False
    """The wire may send the integer as decimal text, as some producers do with `userId`."""
    personal: bool = False
    """Tells who somebody is or where: never leaves staging."""


@dataclass(frozen=True, slots=True)
class Event:
    """One kind of event: its topic on Kafka, its folder in the lake, its raw table."""

    name: str
    description: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...] = ()
    """Frozen: the fields that a derived `event_id` is hashed from (`identity.py`)."""
    derived: tuple[Field, ...] = ()
    """What landing derives from the fields; no part of what the producer sent."""

    def __iter__(self) -> Iterator[Field]:
        """The fields, in the order of the lake's columns."""
        return iter(self.fields)

    def __getitem__(self, name: str) -> Field:
        """The field with this lake name.

        Raises:
            KeyError: The event has no such field.
        """
        for each in self.fields:
            if each.name == name:
                return each
        raise KeyError(f"{self.name} has no field {name!r}")


EVENT_ID = Field(
    "event_id", "event_id", "text",
    "Identity, together with occurred_at; derived from the content where the producer sent none.",
    nullable=True,
)  # fmt: skip
REQUIRED_EVENT_ID = Field(
    "event_id", "event_id", "text", "Identity, together with occurred_at."
)  # fmt: skip
OCCURRED_AT = Field("occurred_at", "ts", "timestamp", "When it happened, UTC, to the millisecond.")
AUTH = Field(
    "auth", "auth", "text", "State of the login at that moment.",
    allowed=("Guest", "Logged In", "Logged Out", "Cancelled"),
)  # fmt: skip
SESSION = (
    Field("session_id", "sessionId", "integer", "The visit it belongs to."),
    Field("item_in_session", "itemInSession", "integer", "Position in the visit, from 0.",
          minimum=0),
    Field("level", "level", "text", "Plan at that moment.", allowed=("free", "paid")),
)  # fmt: skip
DEVICE = (
    Field("city", "city", "text", "City of the listener's home."),
    Field("state", "state", "text", "Two-letter US state, or region, of the listener's home."),
    Field("zip", "zip", "text", "Postal code of the listener's home.", personal=True),
    Field("latitude", "lat", "number", "Latitude of the postal code, degrees north.",
          minimum=-90, maximum=90, personal=True),
    Field("longitude", "lon", "number", "Longitude of the postal code, degrees east.",
          minimum=-180, maximum=180, personal=True),
    Field("user_agent", "userAgent", "text", "The browser, as it names itself.", personal=True),
)  # fmt: skip
USER = (
    Field("user_id", "userId", "integer", "Listener; null for guests and the logged out.",
          nullable=True, accepts_text=True, personal=True),
    Field("first_name", "firstName", "text", "Listener's first name.",
          nullable=True, personal=True),
    Field("last_name", "lastName", "text", "Listener's surname.", nullable=True, personal=True),
    Field("gender", "gender", "text", "Listener's gender, M or F from eventsim.", nullable=True),
    Field("registered_at", "registration", "timestamp", "When the listener registered, UTC.",
          nullable=True, minimum=EARLIEST_EPOCH_MS, maximum=LATEST_EPOCH_MS),
    Field("tag", "tag", "text", "Group of an A/B test, where one runs.", nullable=True),
)  # fmt: skip
ARTIST = Field("artist", "artist", "text", "Artist, as the player shows it.")
SONG = Field("song", "song", "text", "Title of the song, as the player shows it.")
DURATION = Field(
    "duration_seconds", "duration", "number", "Length of the song, seconds.",
    minimum=0, maximum=86_400,
)  # fmt: skip
HOME_REGION = Field(
    "home_region", "", "text",
    "US census region of the listener's state, or the continent of another country.",
    nullable=True,
)  # fmt: skip
FROM_HOME_AND_AGENT = (
    HOME_REGION,
    Field("device_type", "", "text",
          "Kind of device: phone, tablet, desktop, tv, console, or bot.", nullable=True),
    Field("operating_system", "", "text", "Operating system, without its version, or bot.",
          nullable=True),
    Field("browser", "", "text",
          "Family of the browser, app for one inside an app, other, or bot.", nullable=True),
)  # fmt: skip
"""Derived columns; null where nothing can be told, and in rows landed before they were kept."""


def _optional(declared: Field) -> Field:
    return replace(declared, nullable=True)


LISTEN_EVENTS = Event(
    "listen_events",
    "Songs that were started. One row per song started.",
    (EVENT_ID, OCCURRED_AT, *SESSION, AUTH, *DEVICE, *USER, ARTIST, SONG, DURATION,
     Field("song_id", "songId", "text", "Catalogue key of the song, where known.",
           nullable=True)),
    identity=("occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
              "artist", "song"),
    derived=FROM_HOME_AND_AGENT,
)  # fmt: skip
PAGE_VIEW_EVENTS = Event(
    "page_view_events",
    "Pages that were requested. One row per request.",
    (EVENT_ID, OCCURRED_AT, *SESSION, AUTH, *DEVICE, *USER,
     Field("page", "page", "text", "Name of the page."),
     Field("method", "method", "text", "HTTP method of the request."),
     Field("status_code", "status", "integer", "HTTP status of the answer.",
           minimum=100, maximum=599),
     _optional(ARTIST), _optional(SONG), _optional(DURATION)),
    identity=("occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
              "page", "method", "status_code", "artist", "song"),
    derived=FROM_HOME_AND_AGENT,
)  # fmt: skip
AUTH_EVENTS = Event(
    "auth_events",
    "Attempts to log in. One row per attempt.",
    (EVENT_ID, OCCURRED_AT, *SESSION, _optional(AUTH), *DEVICE, *USER,
     Field("is_success", "success", "boolean", "Whether the login succeeded.")),
    identity=("occurred_at", "session_id", "item_in_session", "user_id", "level", "auth",
              "is_success"),
    derived=FROM_HOME_AND_AGENT,
)  # fmt: skip
STATUS_CHANGE_EVENTS = Event(
    "status_change_events",
    "Changes of plan or account; level is the old one. One row per change.",
    (EVENT_ID, OCCURRED_AT, *SESSION, AUTH, *DEVICE, *USER),
    identity=("occurred_at", "session_id", "item_in_session", "user_id", "level", "auth"),
    derived=FROM_HOME_AND_AGENT,
)  # fmt: skip
MUSIC_EVENTS = Event(
    "music_events",
    "What listeners do with the player. One row per action.",
    (REQUIRED_EVENT_ID, OCCURRED_AT,
     Field("user_id", "user_id", "integer", "Listener.", accepts_text=True, personal=True),
     Field("session_id", "session_id", "integer", "The visit it belongs to."),
     Field("event_type", "event_type", "text", "The action.",
           allowed=("play", "pause", "resume", "stop", "skip", "add_to_playlist")),
     Field("song_id", "song_id", "text", "Catalogue key of the song."),
     SONG, ARTIST,
     Field("position_seconds", "position_seconds", "number", "Where in the song, seconds.",
           minimum=0, maximum=86_400),
     Field("device_type", "device_type", "text", "Kind of device, such as phone or desktop."),
     Field("region", "region", "text", "Region within the country."),
     Field("country", "country", "text", "ISO 3166 code of the country, two letters.")),
    derived=(HOME_REGION,),
)  # fmt: skip

EVENTS = (LISTEN_EVENTS, PAGE_VIEW_EVENTS, AUTH_EVENTS, STATUS_CHANGE_EVENTS, MUSIC_EVENTS)
"""All events, in the order in which reports show them."""

EVENTS_BY_NAME = {event.name: event for event in EVENTS}


LANDING_FIELDS = (
    Field("unknown_fields", "", "text",
          "Fields the contract does not know, as one JSON object; null when there were none.",
          nullable=True, personal=True),
    Field("kafka_topic", "", "text", "Topic, or file, that the row was read from."),
    Field("kafka_partition", "", "integer", "Kafka partition it was read from."),
    Field("kafka_offset", "", "integer", "Its offset in that partition."),
    Field("landed_at", "", "timestamp", "Time of the batch that landed it, UTC."),
)  # fmt: skip
"""Columns that landing adds to each accepted row, after the event's own."""


def lake_fields(event: Event) -> tuple[Field, ...]:
    """Columns of an accepted row in the lake and in `raw`, in order.

    Every row has an `event_id` there: landing derives it where the producer sent none.
    """
    own = tuple(REQUIRED_EVENT_ID if each is EVENT_ID else each for each in event.fields)
    return own + event.derived + LANDING_FIELDS
