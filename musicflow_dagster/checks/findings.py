"""What a check found of one hour."""

from collections.abc import Mapping
from dataclasses import dataclass

Number = int | float
LEAST_ROWS = 100
"""Of fewer rows a share says nothing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether the hour is as it should be, by which numbers, and what to say of it."""

    passed: bool
    numbers: Mapping[str, Number]
    says: str = ""

    @property
    def metadata(self) -> dict[str, Number | str]:
        """The numbers, and what there is to say."""
        return {**self.numbers, **({"says": self.says} if self.says else {})}


def share_of(part: int, whole: int) -> float:
    """The part of the whole, in six digits; 0 of nothing.

    >>> share_of(1, 3)
    0.333333
    """
    return round(part / whole, 6) if whole else 0.0


def is_usual(part: int, whole: int, most: float) -> bool:
    """Whether the part is no larger than is nobody's concern."""
    return whole < LEAST_ROWS or share_of(part, whole) <= most
