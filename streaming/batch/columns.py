"""Which field of an event each column of a file is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from contracts.errors import ConfigurationError
from contracts.events import LANDING_FIELDS, Event, Field

UNKNOWN_FIELDS = "unknown_fields"
"""The lake's column of fields that the contract does not know, an object of JSON."""


@dataclass(frozen=True, slots=True)
class Column:
    """What becomes of a column: a field under its wire name, an unknown one, or nothing."""

    wire_name: str
    field: Field | None = None
    use: Literal["field", "object", "nothing"] = "field"

    @property
    def is_time(self) -> bool:
        """Whether it is a field that holds a time."""
        return self.field is not None and self.field.type == "timestamp"


class Names:
    """The names that columns of an event's files may have."""

    def __init__(self, event: Event) -> None:
        """Take the wire's names, which go first, and the lake's."""
        self.known = {each.name: each for each in event} | {each.wire_name: each for each in event}
        self._event = event
        self._landed = {each.name for each in (*event.derived, *LANDING_FIELDS)}

    def column(self, name: str) -> Column:
        """What a column of this name is; what landing itself adds to rows is nothing."""
        if name in self.known:
            return Column(self.known[name].wire_name, self.known[name])
        if name == UNKNOWN_FIELDS:
            return Column(name, use="object")
        return Column(name, use="nothing" if name in self._landed else "field")

    def columns(self, names: Sequence[str], file: str) -> list[Column]:
        """What the columns of these names are; an unknown name is an unknown field.

        Raises:
            ConfigurationError: Two columns are one field, or a field that every event has is none.
        """
        columns = [self.column(name) for name in names]
        used = Counter(each.wire_name for each in columns if each.use != "nothing")
        for name, times in used.items():
            if times > 1:
                raise ConfigurationError(f"{file} has {times} columns for {name!r}: keep one")
        needed = [each for each in self._event if not each.nullable]
        missing = [_told(each) for each in needed if each.wire_name not in used]
        if missing:
            raise ConfigurationError(
                f"{file} has no column {', '.join(missing)}, which every event of "
                f"{self._event.name} has: see --event, --delimiter, and --columns if it has no "
                "header"
            )
        return columns


def _told(field: Field) -> str:
    if field.name == field.wire_name:
        return field.wire_name
    return f"{field.wire_name} (or {field.name})"
