"""Every table and column as data: what the dictionary page and the dashboard show.

`to_dictionary.py` makes it of the contract and dbt's YAML and writes it as JSON, so that a reader
needs neither.
"""

import re
from dataclasses import dataclass

import msgspec

_GRAIN = re.compile(r"One row (?:per|for) [^.]*\.")
_UNITS = (
    (r"seconds$", "seconds"),
    (r"bytes$", "bytes"),
    (r"(_|^)(latitude|longitude)$", "degrees"),
    (r"(_rate|_share)$|^share_of_", "share, 0 to 1"),
    (r"_db$", "decibels"),
    (r"_bpm$", "beats a minute"),
)
"""Units that names tell, as the project's rule for names has it."""
_BY_TYPE = {"timestamp": "UTC time", "date": "UTC day"}


@dataclass(frozen=True, slots=True)
class DescribedColumn:
    """A column, and what it means."""

    name: str
    type: str
    """Empty in layers without a contract of types."""
    description: str
    unit: str = ""
    nullable: bool = False
    personal: bool = False
    references: str = ""
    """The column, with its table, that it is a key of."""
    wire_name: str = ""
    """Its name in the message on Kafka; empty if landing or a model makes it."""


@dataclass(frozen=True, slots=True)
class DescribedTable:
    """A table, and what a row of it stands for."""

    name: str
    """With its schema, such as `marts.fct_streams`; tables of Postgres as `postgres.…`."""
    layer: str
    description: str
    columns: tuple[DescribedColumn, ...]
    kept: str = ""
    """How far an event changes its rows, in words."""

    @property
    def grain(self) -> str:
        """What one row is, as the description says; empty if it does not."""
        found = _GRAIN.search(self.description)
        return found[0] if found else ""


def unit_of(name: str, kind: str) -> str:
    """The unit of a column's values, by its name and type; empty where there is none to tell.

    >>> unit_of("listening_seconds", "double"), unit_of("listened_on", "date")
    ('seconds', 'UTC day')
    """
    for pattern, unit in _UNITS:
        if re.search(pattern, name):
            return unit
    return _BY_TYPE.get(kind, "")


def encode(tables: list[DescribedTable]) -> bytes:
    """The tables as JSON, a line each, so that changes can be read."""
    lines = ",\n".join(msgspec.json.encode(each).decode() for each in tables)
    return f"[\n{lines}\n]\n".encode()


def decode(encoded: bytes) -> list[DescribedTable]:
    """The tables of JSON.

    Raises:
        msgspec.MsgspecError: It is something else.
    """
    return msgspec.json.decode(encoded, type=list[DescribedTable])
