"""What is counted and noted at the hops: rows by hour, accounts of loads, discrepancies."""

from dataclasses import dataclass
from datetime import datetime

Place = tuple[str, datetime]
"""An event and an hour."""

Counts = dict[Place, int]
"""Rows by event (or fact) and hour."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A discrepancy: of which event, where (an hour, if it has one), and the numbers."""

    event: str
    where: str
    what: str


@dataclass(frozen=True, slots=True)
class Account:
    """What a load noted of an event's hour, as published; `manifests` stand for its files."""

    manifests: str
    accepted: int
    replayed: int
    from_files: int
    raw_rows: int
    duplicates: int
    conflicting: int
    erased: int

    @property
    def landed(self) -> int:
        """Rows that it was loaded from."""
        return self.accepted + self.replayed + self.from_files
